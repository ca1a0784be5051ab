"""Finds what a page's layout breaks at a width: what sticks out, is cut off, or lies over something else."""

from __future__ import annotations

from typing import Any

# Around each width at which the style sheet changes, a phone's least, and a desk's.
WIDTHS = (320, 360, 400, 600, 639, 640, 767, 768, 800, 1023, 1024, 1280)

_FAULTS = r"""(width) => {
  const found = [];
  const say = (kind, node, more) => found.push([width, kind, node.textContent.trim().slice(0, 40), more].join(" | "));
  const root = document.documentElement;
  if (root.scrollWidth > width) found.push([width, "page is wider than the window", root.scrollWidth].join(" | "));
  const ownText = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
  for (const node of document.querySelectorAll("body *")) {
    const box = node.getBoundingClientRect();
    if (!box.width || node.closest(".vh, .skip, defs")) continue;
    const drawn = node.closest("svg");
    if (!(node.tagName === "text" || (!drawn && ownText(node)))) continue;
    const card = node.closest(".card");
    if (card) {
      const edge = card.getBoundingClientRect();
      if (box.right > edge.right - 3 || box.left < edge.left + 3) {
        say("sticks out of its card", node, Math.round(Math.max(box.right - edge.right, edge.left - box.left)));
      }
    }
    const inline = getComputedStyle(node).display === "inline";
    if (!drawn && !inline && node.clientWidth && node.scrollWidth > node.clientWidth + 1) {
      say("is cut off", node, node.className);
    }
  }
  for (const chart of document.querySelectorAll("svg")) {
    if (chart.parentElement.closest("svg")) continue;
    const texts = [...chart.querySelectorAll("text")].map((text) => [text, text.getBoundingClientRect()]);
    texts.forEach(([one, a], n) => texts.slice(n + 1).forEach(([other, b]) => {
      const across = a.left < b.right - 1 && b.left < a.right - 1;
      if (across && a.top < b.bottom - 3 && b.top < a.bottom - 3) say("overlaps", one, other.textContent);
    }));
  }
  return found;
}"""


def faults(page: Any) -> list[str]:
    """What is wrong at each of the widths, with everything opened that can be."""
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    found: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += page.evaluate(_FAULTS, width)
    return found
