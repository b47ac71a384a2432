// What of a page breaks the rules of accessibility: a list of sentences, empty where nothing does.
() => {
  const flaws = [];
  const name = (each) => `${each.tagName.toLowerCase()}#${each.id} ${each.textContent.trim().slice(0, 30)}`;
  const seen = (each) => each.getClientRects().length > 0 && getComputedStyle(each).visibility !== "hidden";

  if (!document.documentElement.lang) flaws.push("the page has no language");
  if (!document.title) flaws.push("the page has no title");
  if (document.querySelectorAll("main").length !== 1) flaws.push("there is not exactly one main landmark");
  if (document.querySelectorAll("h1").length !== 1) flaws.push("there is not exactly one h1");
  const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((each) => Number(each.tagName[1]));
  levels.forEach((level, at) => { if (at && level > levels[at - 1] + 1) flaws.push(`a heading leaps to h${level}`); });

  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  for (const id of ids.filter((each, at) => ids.indexOf(each) !== at)) flaws.push(`#${id} is there twice`);
  for (const each of document.querySelectorAll("[aria-labelledby], [aria-describedby]")) {
    const named = `${each.getAttribute("aria-labelledby") ?? ""} ${each.getAttribute("aria-describedby") ?? ""}`;
    for (const id of named.split(/\s+/).filter(Boolean)) {
      if (!document.getElementById(id)?.textContent.trim()) flaws.push(`${name(each)}: nothing is called #${id}`);
    }
  }
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption?.textContent.trim()) flaws.push("a table has no caption");
    for (const head of table.querySelectorAll("th")) if (!head.scope) flaws.push(`${name(head)}: no scope`);
    const wide = table.tHead.rows[0].cells.length;
    const rows = [...table.tBodies].flatMap((each) => [...each.rows]);
    for (const row of rows) if (row.cells.length !== wide) flaws.push(`${name(row)}: not ${wide} cells`);
  }
  for (const field of document.querySelectorAll("input, select, textarea")) {
    if (!field.labels.length && !field.getAttribute("aria-label")) flaws.push(`${name(field)}: no label`);
  }
  for (const each of document.querySelectorAll("a, button, [role=region], nav, section")) {
    const says = each.getAttribute("aria-label") || each.getAttribute("aria-labelledby") || each.textContent.trim();
    if (!says) flaws.push(`${name(each)}: no name`);
  }
  for (const link of document.querySelectorAll("a[href^='#']")) {
    if (!document.getElementById(link.hash.slice(1))) flaws.push(`${name(link)}: leads nowhere`);
  }
  for (const each of document.querySelectorAll(".scroll")) {
    if (each.scrollWidth > each.clientWidth && each.tabIndex < 0) flaws.push(`${name(each)}: cannot be scrolled by keys`);
  }

  // WCAG 2, 1.4.3: 4.5 to 1 for text.
  const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((each) => each / 255)
      .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const each = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !seen(each) || each.closest("script, noscript")) continue;
    const [one, other] = [light(getComputedStyle(each).color), light(behind(each))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) flaws.push(`${name(each)}: contrast ${ratio.toFixed(1)}`);
  }
  return flaws;
}
