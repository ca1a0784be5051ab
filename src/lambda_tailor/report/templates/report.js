"use strict";
// The page is whole without this: it only adds sorting and filtering.
const key = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.value ?? cell.textContent.trim();
};
const collator = new Intl.Collator(undefined, { numeric: true });
const compare = (a, b) => {
  const numbers = a !== "" && b !== "" && !Number.isNaN(+a) && !Number.isNaN(+b);
  return numbers ? +a - +b : collator.compare(a, b);
};
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const body = table.tBodies[0];
      const keyed = [...body.rows].map((row) => [key(row, column), row]);
      keyed.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]));
      body.append(...keyed.map((pair) => pair[1]));
    });
  });
}
for (const table of document.querySelectorAll("table.filterable")) {
  const bar = document.createElement("div");
  bar.className = "filter";
  const field = document.createElement("label");
  const input = document.createElement("input");
  input.type = "search";
  field.append("Filter ", input);
  const choice = document.createElement("label");
  const select = document.createElement("select");
  for (const [value, text] of [["", "everything"], ["pending", "to change"], ["blocked", "blocked"], ["finding", "findings"]]) {
    select.add(new Option(text, value));
  }
  choice.append("Show ", select);
  const told = document.createElement("output");
  bar.append(field, choice, told);
  table.closest(".scroll").before(bar);
  const rows = [...table.tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase()]);
  const apply = () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const [row, text] of rows) {
      row.hidden = !(text.includes(wanted) && (select.value === "" || row.dataset.status === select.value));
      shown += row.hidden ? 0 : 1;
    }
    told.textContent = `${shown} of ${rows.length}`;
  };
  input.addEventListener("input", apply);
  select.addEventListener("change", apply);
  apply();
}
