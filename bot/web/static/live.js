// Shows what the desk sends: a new version of the content when something has changed, the time at every look.
"use strict";

const content = document.getElementById("content");
const seen = document.getElementById("seen");
const following = document.getElementById("following");
const source = new EventSource("/dashboard/events?shown=" + encodeURIComponent(content.dataset.version));

function replaced(html) {
  const focused = content.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = new Map([...content.querySelectorAll(".scroll")].map((each) => [each.id, each.scrollLeft]));
  content.innerHTML = html;
  for (const [id, left] of scrolled) {
    const again = document.getElementById(id);
    if (again) again.scrollLeft = left;
  }
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function say(words) {
  // Said again, it would be read out again.
  if (following.textContent !== words) following.textContent = words;
}

source.addEventListener("open", () => say(following.dataset.on));
source.addEventListener("overview", (event) => replaced(event.data));
source.addEventListener("seen", (event) => {
  const { at, text } = JSON.parse(event.data);
  seen.dateTime = at;
  seen.textContent = text;
});
source.addEventListener("error", () => {
  say(source.readyState === EventSource.CLOSED ? following.dataset.ended : following.dataset.lost);
});
