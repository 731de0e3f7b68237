// Rows of conditions in a form: added, removed, filled in and read.
"use strict";
opsknight.whenPainted(() => {
  const at = (id) => document.getElementById(id);
  const part = (row, name) => row.querySelector(`[data-part="${name}"]`);
  const add = (id, { field = "", op = "is", values = [] } = {}) => {
    const row = at("ok-condition").firstElementChild.cloneNode(true);
    part(row, "field").value = field;
    part(row, "op").value = op;
    part(row, "value").value = values.join(", ");
    at(id).querySelector(".ok-condition-rows").append(row);
    return row;
  };
  const read = (id) => [...at(id).querySelectorAll(".ok-condition")].map((row) => {
    const op = part(row, "op").value, text = part(row, "value").value.trim();
    const values = op === "one of" ? text.split(",").map((one) => one.trim()).filter(Boolean) : [text];
    return { field: part(row, "field").value.trim(), op, values };
  }).filter((one) => one.field || one.values.join(""));
  const fill = (id, rows) => {
    at(id).querySelector(".ok-condition-rows").replaceChildren();
    for (const row of rows) add(id, row);
  };
  opsknight.conditions = { read, fill };
  opsknight.act("condition-add", (button) => part(add(button.dataset.of), "field").focus());
  opsknight.act("condition-remove", (button) => {
    const rows = button.closest(".ok-conditions");
    button.closest(".ok-condition").remove();
    rows.querySelector('[data-act="condition-add"]').focus();
    rows.dispatchEvent(new Event("change", { bubbles: true }));
  });
});
