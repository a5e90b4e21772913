// Code, tables and formulas that are wider than the window scroll: by the keyboard, too.
const SCROLLING = "pre, .table-wrapper, div.math";

function nameOf(element) {
  if (element.matches("pre")) return "Code";
  return element.matches("div.math") ? "Formula" : "Table";
}

function makeFocusable() {
  for (const element of document.querySelectorAll(SCROLLING)) {
    if (element.scrollWidth > element.clientWidth) {
      element.tabIndex = 0;
      element.setAttribute("role", "group");
      element.setAttribute("aria-label", `${nameOf(element)}, scrolls sideways`);
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) element.removeAttribute(name);
    }
  }
}

window.addEventListener("load", makeFocusable);
window.addEventListener("resize", makeFocusable);
