/* Sorts the table of trials. Without it the table is there all the same, in the order of the trials. */
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.querySelectorAll("th")];
  const body = table.tBodies[0];
  const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  const compare = (one, other) => {
    const numbers = [Number(one), Number(other)];
    return numbers.some(Number.isNaN) ? one.localeCompare(other) : numbers[0] - numbers[1];
  };
  const sort = (column, sign) => {
    const rows = [...body.rows].map(row => [value(row, column), row]);
    const empty = rows.filter(([text]) => text === "");
    const known = rows.filter(([text]) => text !== "").sort((a, b) => sign * compare(a[0], b[0]));
    body.append(...[...known, ...empty].map(([, row]) => row));
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const descending = head.ariaSort === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sort(column, descending ? -1 : 1);
    });
  });
}
