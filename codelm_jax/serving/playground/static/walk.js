// Arrow keys go from token to token, so that all of a completion's tokens are one stop of the tab key.

/**
 * The element that a key leads to from `from`, or null where the key leads nowhere.
 * @param {string} key as in KeyboardEvent
 * @param {HTMLElement} from one of the children of `container`
 * @param {HTMLElement} container
 */
export function stepFrom(key, from, container) {
  const steps = [...container.children].filter((child) => child.getClientRects().length);
  const place = steps.indexOf(from);
  switch (key) {
    case "ArrowRight":
      return steps[place + 1] ?? null;
    case "ArrowLeft":
      return steps[place - 1] ?? null;
    case "ArrowDown":
      return nearestInLine(from, steps.slice(place + 1));
    case "ArrowUp":
      return nearestInLine(from, steps.slice(0, Math.max(0, place)).reverse());
    case "Home":
      return steps[0] ?? null;
    case "End":
      return steps.at(-1) ?? null;
    default:
      return null;
  }
}

/** Of those in the first other line that `onwards` reaches, the one nearest to `from` from left to right. */
function nearestInLine(from, onwards) {
  const start = box(from);
  let line = null;
  let best = null;
  for (const candidate of onwards) {
    const { top, left } = box(candidate);
    if (Math.abs(top - start.top) < start.height / 2) continue;
    line ??= top;
    if (Math.abs(top - line) >= start.height / 2) break;
    const distance = Math.abs(left - start.left);
    if (!best || distance < best.distance) best = { candidate, distance };
  }
  return best?.candidate ?? null;
}

function box(element) {
  return element.getClientRects()[0];
}
