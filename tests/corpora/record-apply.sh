#!/bin/bash
# Runs git's own tests of `git apply` with the installed git, and records each plain application as a case:
#
#   tests/corpora/record-apply.sh GIT-SOURCES FOLDER
#
# makes FOLDER/cases/NAME/{before,patch,after}, or the file `refused` in place of `after`. GIT-SOURCES are
# unpacked sources of the installed git's release; they need not be built.
set -euo pipefail
sources=$(realpath "$1")
mkdir -p "$2/cases" "$2/work/shim"
cases=$(realpath "$2/cases") shim=$(realpath "$2/work/shim") real=$(command -v git)

cat >"$shim/git" <<SHIM
#!/bin/bash
# Notes what an application starts from, what it is given, and what comes of it.
if [ "\${1-}" != apply ] || [ ! -d .git ] || "$real" config apply.whitespace >/dev/null; then exec "$real" "\$@"; fi
patch=
for word in "\${@:2}"; do
  case \$word in
    --index | --apply | -v | --verbose | --whitespace=nowarn | --whitespace=warn) ;;
    -) patch=- ;;
    -*) exec "$real" "\$@" ;;
    *) [ -z "\$patch" ] || exec "$real" "\$@"; patch=\$word ;;
  esac
done
given=\$(mktemp)
if [ "\${patch:--}" = - ]; then cat >"\$given"; else cat "\$patch" >"\$given"; fi
case_=$cases/\$(basename "\${TRASH_DIRECTORY:-\$PWD}" | tr -c 'a-z0-9.\n-' _).\$(date +%s%N)
mkdir -p "\$case_"
keep() { mkdir "\$1"; tar --exclude=./.git --one-file-system -cf - . | tar -xf - -C "\$1"; }
keep "\$case_/before"
mv "\$given" "\$case_/patch"
words=()
for word in "\${@:2}"; do case \$word in -) ;; -*) words+=("\$word") ;; esac; done
code=0
# What it says may be on its way into a file of the tree.
said=\$(mktemp)
"$real" apply "\${words[@]}" <"\$case_/patch" 2>"\$said" || code=\$?
if [ \$code = 0 ]; then keep "\$case_/after"; else echo \$code >"\$case_/refused"; fi
cat "\$said" >&2
exit \$code
SHIM
chmod +x "$shim/git"

mkdir -p "$sources/t/helper" "$sources/templates/blt"
printf '#!/bin/sh\nexit 1\n' >"$sources/t/helper/test-tool"
chmod +x "$sources/t/helper/test-tool"
printf "%s='%s'\n" SHELL_PATH /bin/bash TEST_SHELL_PATH /bin/bash PERL_PATH "$(command -v perl)" DIFF diff \
  PYTHON_PATH "$(command -v python3)" TAR tar NO_GETTEXT YesPlease >"$sources/GIT-BUILD-OPTIONS"
cd "$sources/t"
for test in t4[0-9]*-apply*.sh; do
  GIT_TEST_INSTALLED=$shim bash "./$test" >"$shim/$test.log" 2>&1 || echo "$test: $(tail -1 "$shim/$test.log")"
done
echo "$(find "$cases" -name patch | wc -l) cases"
