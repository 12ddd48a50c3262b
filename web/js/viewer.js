// The film, and beside it the film under a heat map: two pictures that fill the same stage.

import { part, write } from "./elements.js";
import { announce } from "./live.js";
import { say } from "./words.js";

/** @typedef {import("./api.js").ClassName} ClassName */

/** @type {Partial<Record<ClassName, string>>} */
let heatmaps = {};
let filmUrl = "";

/** Joins the controls to the pictures; call once. */
export function startViewer() {
  part("opacity").addEventListener("input", showOpacity);
  showOpacity();
  for (const radio of classRadios()) {
    radio.addEventListener("change", () => {
      const shown = /** @type {ClassName} */ (radio.value);
      showHeat(shown);
      announce(say("progress.shown_class", { class: say(`class.${shown}`) }));
    });
  }
}

/** Empties both panes while a film is being read. */
export function clearViewer() {
  heatmaps = {};
  URL.revokeObjectURL(filmUrl);
  filmUrl = "";
  for (const id of ["film", "heat-film", "heat"]) {
    const picture = part(id, HTMLImageElement);
    picture.hidden = true;
    picture.removeAttribute("src");
  }
  part("controls").hidden = true;
  part("viewer").removeAttribute("data-alone");
  write("heat-caption", say("caption.heat_loading"));
}

/** @param {boolean} busy */
export function setBusy(busy) {
  part("viewer").setAttribute("aria-busy", String(busy));
}

/**
 * @param {Blob} picture in a format that browsers show
 * @param {AbortSignal} signal of the reading that the film belongs to
 * @returns {Promise<boolean>} false if this browser cannot show it after all
 */
export async function showFilm(picture, signal) {
  const url = URL.createObjectURL(picture);
  const probe = new Image();
  probe.src = url;
  const isShown = await probe.decode().then(() => true, () => false);
  if (!isShown || signal.aborted) {
    URL.revokeObjectURL(url);
    return isShown;
  }
  URL.revokeObjectURL(filmUrl);
  filmUrl = url;
  setShape(probe.naturalWidth, probe.naturalHeight);
  for (const id of ["film", "heat-film"]) {
    const image = part(id, HTMLImageElement);
    image.src = url;
    image.hidden = false;
  }
  return true;
}

/**
 * @param {number} width
 * @param {number} height of the upright film, in its own pixels
 */
export function setShape(width, height) {
  part("viewer").style.setProperty("--aspect", String(width / height));
}

/**
 * @param {Partial<Record<ClassName, string>>} maps data URLs; without any, the film stands alone
 * @param {ClassName} first class to show
 */
export function showHeats(maps, first) {
  heatmaps = maps;
  const classes = /** @type {ClassName[]} */ (Object.keys(maps));
  part("viewer").toggleAttribute("data-alone", classes.length === 0);
  part("controls").hidden = classes.length === 0;
  if (classes.length === 0) return;
  for (const radio of classRadios()) radio.disabled = !(radio.value in maps);
  showHeat(first in maps ? first : /** @type {ClassName} */ (classes[0]));
}

/** @param {ClassName} shown */
function showHeat(shown) {
  const heat = part("heat", HTMLImageElement);
  const name = say(`class.${shown}`);
  heat.src = heatmaps[shown] ?? "";
  heat.alt = say("caption.heat_alt", { class: name });
  heat.hidden = false;
  write("heat-caption", say("caption.heat", { class: name }));
  for (const radio of classRadios()) radio.checked = radio.value === shown;
}

function showOpacity() {
  const value = part("opacity", HTMLInputElement).valueAsNumber;
  part("viewer").style.setProperty("--heat", String(value / 100));
  write("opacity-value", `${value}%`);
}

function classRadios() {
  return /** @type {NodeListOf<HTMLInputElement>} */ (part("viewer").querySelectorAll("input[name=class]"));
}
