/* Chooses among a thousand scopes without asking the server: search, verbs, whole groups, read only, and the sums. */

(function () {
  "use strict";

  const picker = document.getElementById("scope-picker");
  if (!picker) return;

  const find = function (id) { return document.getElementById(id); };
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const kinds = { GET: "GET", DELETE: "DELETE" };

  const groups = Array.from(picker.querySelectorAll(".scope-group"), function (element) {
    const group = {
      element: element,
      name: element.dataset.group,
      students: "students" in element.dataset,
      wide: "wide" in element.dataset,
      pills: element.querySelector(".scope-group-verbs"),
      all: element.querySelector("[data-all]"),
      opened: element.open,
      shown: true,
    };
    group.lines = Array.from(element.querySelectorAll("li"), function (item) {
      const box = item.querySelector("input");
      const verb = item.querySelector(".verb").textContent;
      return {
        item: item,
        box: box,
        verb: verb,
        kind: kinds[verb] || "CHANGE",
        held: "held" in box.dataset,
        words: (group.name + " " + item.textContent + " " + box.value).toLowerCase(),
        shown: true,
      };
    });
    return group;
  });
  const lines = groups.flatMap(function (group) { return group.lines; });
  const reading = lines.filter(function (line) { return line.verb === "GET"; });

  function text(selector, value) {
    const element = picker.querySelector(selector);
    if (element && element.textContent !== value) element.textContent = value;
  }

  function sum(group) {
    const counts = {};
    let chosen = 0;
    for (const line of group.lines) {
      if (line.box.checked) { counts[line.verb] = (counts[line.verb] || 0) + 1; chosen += 1; }
    }
    group.chosen = chosen;
    group.pills.replaceChildren.apply(group.pills, Object.keys(counts).map(function (verb) {
      const pill = document.createElement("span");
      pill.className = "verb verb-" + verb.toLowerCase();
      pill.textContent = verb + " " + counts[verb];
      return pill;
    }));
    if (group.all) {
      group.all.checked = chosen === group.lines.length;
      group.all.indeterminate = chosen > 0 && chosen < group.lines.length;
    }
  }

  function total() {
    const counts = { GET: 0, CHANGE: 0, DELETE: 0, added: 0, removed: 0 };
    for (const line of lines) {
      if (line.box.checked) { counts[line.kind] += 1; if (!line.held) counts.added += 1; }
      else if (line.held) counts.removed += 1;
    }
    for (const name of Object.keys(counts)) text('[data-count="' + name + '"]', number.format(counts[name]));
    for (const kind of ["students", "wide"]) {
      const names = groups.filter(function (group) { return group[kind] && group.chosen; });
      text('[data-names="' + kind + '"]', names.map(function (group) { return group.name; }).join(", "));
      const part = picker.querySelector('[data-when="' + kind + '"]');
      if (part) part.hidden = names.length === 0;
    }
    const loses = picker.querySelector('[data-when="loses"]');
    if (loses) loses.hidden = counts.removed === 0 || picker.dataset.tokens === "0";
    const all = reading.every(function (line) { return line.box.checked; });
    find("read-only").checked = all && counts.CHANGE === 0 && counts.DELETE === 0 && counts.GET === reading.length;
  }

  function chosen(wanted) {
    for (const line of lines) line.box.checked = wanted(line);
    groups.forEach(sum);
    total();
  }

  function filter() {
    const words = find("scope-search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const verbs = new Set(Array.from(picker.querySelectorAll("[data-verb]:checked"), function (box) {
      return box.dataset.verb;
    }));
    const only = find("chosen-only").checked;
    const narrowed = words.length > 0 || only || verbs.size < 4;
    let found = 0;
    for (const group of groups) {
      let any = 0;
      for (const line of group.lines) {
        const verb = line.verb === "PATCH" ? "PUT" : line.verb;
        const shown = verbs.has(verb) && (!only || line.box.checked)
          && words.every(function (word) { return line.words.includes(word); });
        if (shown !== line.shown) { line.item.hidden = !shown; line.shown = shown; }
        if (shown) any += 1;
      }
      found += any;
      if ((any > 0) !== group.shown) { group.shown = any > 0; group.element.hidden = !group.shown; }
      // A few groups open by themselves; opening a hundred would help nobody.
      const open = narrowed ? any > 0 && (words.length > 0 || only) : group.opened;
      if (group.element.open !== open) group.element.open = open;
    }
    find("scope-none").hidden = found > 0;
    const told = find("scope-found");
    told.textContent = told.textContent.replace(/[\d.,\u00a0\u202f’' ]*\d/, number.format(found));
  }

  picker.addEventListener("change", function (event) {
    const box = event.target;
    if (box.id === "read-only") {
      chosen(function (line) { return box.checked && reading.includes(line); });
    } else if (box.id === "chosen-only" || "verb" in box.dataset) {
      filter();
    } else if ("all" in box.dataset) {
      const group = groups.find(function (one) { return one.all === box; });
      for (const line of group.lines) if (line.shown) line.box.checked = box.checked;
      sum(group);
      total();
    } else if (box.name === "developer_key[scopes][]") {
      sum(groups.find(function (one) { return one.element.contains(box); }));
      total();
    }
  });
  picker.addEventListener("click", function (event) {
    if (event.target.id === "choose-none") chosen(function () { return false; });
    if (event.target.id === "choose-found") chosen(function (line) { return line.box.checked || line.shown; });
  });
  find("scope-search").addEventListener("input", filter);
  find("scope-search").addEventListener("keydown", function (event) {
    if (event.key === "Enter") event.preventDefault();
  });

  for (const group of groups) {
    group.shown = !group.element.hidden;
    for (const line of group.lines) line.shown = !line.item.hidden;
    sum(group);
  }
  total();
  if (find("scope-search").value) filter();
})();
