// The sheet: a reader signs in, grades film after film, and saves the grades.

import { Clock } from "./clock.js";
import { Memory } from "./memory.js";
import { order } from "./order.js";
import { csv } from "./table.js";
import { View } from "./view.js";

/** @typedef {import("./order.js").Showing} Showing */

const READER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/;
const KEYS = /** @type {Record<string, string>} */ ({
  1: "normal", 2: "hairline", 3: "displaced", 4: "unclear", 0: "skipped",
});
const WORDS = /** @type {Record<string, string>} */ ({ skipped: "cannot judge" });

/** @type {{id: string, seed: number, repeats: number, reader: string, films: {key: string, source: string}[]}} */
const sheet = JSON.parse(part("sheet").textContent);
const sources = new Map(sheet.films.map(({ key, source }) => [key, source]));
const clock = new Clock();
const view = new View(
  part("stage"),
  part("film", HTMLImageElement),
  {
    level: part("level", HTMLInputElement),
    window: part("window", HTMLInputElement),
    zoom: part("zoom", HTMLInputElement),
    invert: part("invert"),
  },
  document.querySelectorAll("#grey feComponentTransfer > *"),
);

let reader = "";
/** @type {Showing[]} */
let showings = [];
let memory = new Memory(sheet.id, reader);
let at = 0;
let isSaved = true;

/** @param {string} name */
function begin(name) {
  reader = name;
  memory = new Memory(sheet.id, reader);
  showings = order([...sources.keys()], `${sheet.seed}:${reader}`, sheet.repeats);
  isSaved = true;
  for (const id of ["start", "work", "save"]) part(id).hidden = id === "start";
  show(Math.max(0, showings.findIndex((showing) => !isGraded(showing))));
  part("film-title").focus();
}

function leave() {
  for (const id of ["start", "work", "save"]) part(id).hidden = id !== "start";
  part("progress").textContent = "";
  part("reader").focus();
}

/**
 * @param {number} place in the order
 * @param {string} [said] before the film is announced
 */
function show(place, said = "") {
  const showing = showings[place];
  if (!showing) return;
  at = place;
  view.show(sources.get(showing.key) ?? "");
  clock.restart();
  const mark = memory.get(showing);
  part("comment", HTMLTextAreaElement).value = mark?.comment ?? "";
  const title = `Film ${at + 1} of ${showings.length}`;
  part("film-title").textContent = title;
  const graded = mark?.severity ? `, graded ${words(mark.severity)}` : "";
  part("live").textContent = `${said}${title}${graded}`;
  part("back", HTMLButtonElement).disabled = at === 0;
  part("next", HTMLButtonElement).disabled = at === showings.length - 1;
  refresh();
}

/** Shows the mark of the film and how far the reader has come. */
function refresh() {
  const severity = memory.get(current())?.severity;
  for (const button of gradeButtons()) button.setAttribute("aria-pressed", String(button.dataset.severity === severity));
  const graded = showings.filter(isGraded).length;
  part("progress").textContent = `${graded} of ${showings.length} graded by ${reader}`;
  part("done").hidden = graded < showings.length;
  part("open", HTMLButtonElement).disabled = graded === showings.length;
}

/** @param {string} severity */
function grade(severity) {
  keep({ severity, graded_at: new Date().toISOString() });
  const said = `Graded ${words(severity)}. `;
  if (at + 1 < showings.length) show(at + 1, said);
  else {
    refresh();
    part("live").textContent = said + (part("done").hidden ? "This was the last film; some are not graded yet." : part("done").textContent);
  }
}

/** @param {Partial<import("./table.js").Mark>} change */
function keep(change) {
  const before = memory.get(current()) ?? { severity: "", seconds: 0, graded_at: "", comment: "" };
  const comment = part("comment", HTMLTextAreaElement).value.trim();
  memory.put(current(), { ...before, comment, seconds: before.seconds + clock.seconds, ...change });
  clock.restart();
  isSaved = false;
}

function showNextOpen() {
  const places = showings.map((_, step) => (at + 1 + step) % showings.length);
  show(places.find((place) => !isGraded(/** @type {Showing} */ (showings[place]))) ?? at);
}

function save() {
  const content = csv(showings, reader, (showing) => memory.get(showing));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "text/csv" }));
  link.download = `grades-${reader}-${sheet.id}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  isSaved = true;
  part("live").textContent = `${showings.filter(isGraded).length} grades saved`;
}

/** @param {Showing} showing */
function isGraded(showing) {
  return Boolean(memory.get(showing)?.severity);
}

function current() {
  return /** @type {Showing} */ (showings[at]);
}

/** @param {string} severity */
function words(severity) {
  return WORDS[severity] ?? severity;
}

function gradeButtons() {
  return /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button[data-severity]"));
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const { target, key } = event;
  if (part("work").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target instanceof HTMLTextAreaElement) {
    if (key === "Escape") part("film-title").focus();
    return;
  }
  const ownsArrows = target instanceof HTMLInputElement || (target === part("stage") && view.isZoomed);
  /** @type {Record<string, () => void>} */
  const actions = {
    n: showNextOpen,
    c: () => part("comment").focus(),
    i: () => view.invert(),
    r: () => view.reset(),
    "+": () => view.zoom(1),
    "=": () => view.zoom(1),
    "-": () => view.zoom(-1),
    ...(ownsArrows ? {} : { ArrowLeft: () => show(at - 1), ArrowRight: () => show(at + 1) }),
  };
  const severity = KEYS[key];
  const action = severity ? () => grade(severity) : actions[key.length === 1 ? key.toLowerCase() : key];
  if (!action || event.repeat) return;
  event.preventDefault();
  action();
}

/**
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T}
 */
function part(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof (kind ?? HTMLElement))) throw new TypeError(`the sheet has no such part: #${id}`);
  return /** @type {T} */ (/** @type {unknown} */ (found));
}

part("reader-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = part("reader", HTMLInputElement).value.trim();
  const isFine = READER.test(name);
  part("reader-error").textContent = isFine
    ? ""
    : "Enter a reader: up to 40 letters, digits, dots, dashes and underscores, starting with a letter or digit.";
  part("reader").setAttribute("aria-invalid", String(!isFine));
  if (isFine) begin(name);
  else part("reader").focus();
});
for (const button of gradeButtons()) button.addEventListener("click", () => grade(button.dataset.severity ?? ""));
part("back").addEventListener("click", () => show(at - 1));
part("next").addEventListener("click", () => show(at + 1));
part("open").addEventListener("click", showNextOpen);
part("reset").addEventListener("click", () => view.reset());
part("leave").addEventListener("click", leave);
part("save").addEventListener("click", save);
part("comment").addEventListener("change", () => keep({}));
document.addEventListener("keydown", onKey);
window.addEventListener("beforeunload", (event) => {
  if (!isSaved && !Memory.keeps()) event.preventDefault();
});

part("reader", HTMLInputElement).value = sheet.reader;
part("count").textContent = `${sheet.films.length} films.`;
part("keeping").hidden = !Memory.keeps();
part("not-keeping").hidden = Memory.keeps();
