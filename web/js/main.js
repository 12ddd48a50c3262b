// The page: joins the ways in, the API and what is shown, one film at a time.

import { assess, film } from "./api.js";
import { check } from "./checks.js";
import { loadConfig } from "./config.js";
import { part, write } from "./elements.js";
import { hideFailure, showFailure } from "./failure.js";
import { isShownByBrowsers, mediaTypeOf } from "./formats.js";
import { listenForFilms } from "./intake.js";
import { announce } from "./live.js";
import { hours, size } from "./numbers.js";
import { Problem } from "./problem.js";
import { showReport } from "./report.js";
import { whileBusy } from "./retry.js";
import { offerSamples } from "./samples.js";
import { showOutcome, showSent, showStarted, showWait, stopWaiting } from "./verdict.js";
import { clearViewer, setBusy, setShape, showFilm, showHeats, startViewer } from "./viewer.js";
import { say } from "./words.js";

/** @typedef {import("./api.js").Assessment} Assessment */
/** @typedef {import("./ask.js").Service} Service */

/** The reading under way or shown; a newer film ends it. */
let job = new AbortController();
/** What the button "Try again" does. */
let again = () => {};
/** Whether what "Try again" would do, and with it a film, is kept until someone has signed in. */
let isFilmKept = false;
/** @type {Promise<Service> | undefined} */
let asking;
/** @type {Service | undefined} */
let known;
/** @type {import("./account.js").Account | undefined} where users sign in, theirs */
let account;

/** @returns {Promise<Service>} asked for once, and again only if it could not be had */
function service() {
  asking ??= learn().catch((error) => { asking = undefined; throw error; });
  return asking;
}

async function learn() {
  const config = await loadConfig(document.baseURI);
  // Loaded on demand: where no one signs in, no one waits for it.
  if (config.auth !== null) account = new (await import("./account.js")).Account(config.auth, forget);
  known = { ...config, session: account?.session ?? null };
  showTerms(known);
  account?.show();
  return known;
}

/** @param {Service} terms what the server takes, and how long it keeps it */
function showTerms({ maxFileBytes, retentionHours }) {
  write("file-limit", say("hint.limit", { limit: size(maxFileBytes) }));
  if (retentionHours !== null) {
    write("keeping", retentionHours > 0 ? say("hint.kept", { time: hours(retentionHours) }) : say("hint.not_kept"));
  }
}

/**
 * @param {Blob} file
 * @param {number} [others] files that came with it and are left aside
 */
async function read(file, others = 0) {
  const signal = begin(() => read(file, others));
  try {
    const settings = await service();
    const format = await check(file, settings.maxFileBytes);
    signal.throwIfAborted();
    if (account?.isOpen === false) throw new Problem("unauthenticated");
    showReading(others);
    const preview = isShownByBrowsers(format) ? showFilm(file, signal) : false;
    const typed = file.slice(0, file.size, mediaTypeOf(format));
    const assessment = await whileBusy(() => assess(settings, typed, { signal, onProgress: showSent }), { signal, onWait: showWait });
    await showAssessment(settings, assessment, await preview, signal);
  } catch (error) {
    if (signal.aborted) return;
    isFilmKept = error instanceof Problem && error.needsSignIn;
    if (isFilmKept) account?.session.close();
    fail(error, file.size);
  }
}

/**
 * Ends what is under way and starts afresh.
 *
 * @param {() => void} retry
 * @returns {AbortSignal}
 */
function begin(retry) {
  job.abort();
  job = new AbortController();
  again = retry;
  isFilmKept = false;
  hideFailure();
  return job.signal;
}

/** @param {number} others */
function showReading(others) {
  part("intake").hidden = true;
  part("reading").hidden = false;
  part("another").hidden = false;
  part("report").hidden = true;
  part("only-first").hidden = others === 0;
  clearViewer();
  setBusy(true);
  showStarted();
}

/**
 * @param {Service} settings
 * @param {Assessment} assessment
 * @param {boolean} isFilmShown
 * @param {AbortSignal} signal
 */
async function showAssessment(settings, assessment, isFilmShown, signal) {
  signal.throwIfAborted();
  showOutcome(assessment);
  showReport(assessment);
  if (!isFilmShown) await showServersFilm(settings, assessment, signal);
  setShape(assessment.image.width, assessment.image.height);
  const isRead = assessment.outcome !== "cannot_assess";
  showHeats(isRead ? assessment.heatmaps : {}, likelierFracture(assessment));
  setBusy(false);
}

/**
 * @param {Service} settings
 * @param {Assessment} assessment
 * @param {AbortSignal} signal
 */
async function showServersFilm(settings, assessment, signal) {
  try {
    await showFilm(await film(settings, assessment.id, signal), signal);
  } catch (error) {
    signal.throwIfAborted();
    tell(new Problem("film_not_shown", { detail: String(error) })); // the reading stands without its picture
  }
}

/**
 * The map that a clinician wants first, also on a film read as normal: where a fracture would be.
 *
 * @param {Assessment} assessment
 */
function likelierFracture({ probabilities }) {
  return probabilities.hairline > probabilities.displaced ? "hairline" : "displaced";
}

function showIntake() {
  stopWaiting();
  clearViewer();
  part("reading").hidden = true;
  part("another").hidden = true;
  part("intake").hidden = false;
}

/** Back to the start, on the user's wish. */
function startOver() {
  begin(() => {});
  showIntake();
  part("file").focus();
}

/**
 * A film that could not be read takes the earlier reading off the screen: it could be taken for its own.
 *
 * @param {unknown} error
 * @param {number} [bytes] size of the film
 */
function fail(error, bytes = 0) {
  showIntake();
  tell(error, bytes);
}

/**
 * @param {unknown} error
 * @param {number} [bytes] size of the film
 */
function tell(error, bytes = 0) {
  showFailure(error, { size: size(bytes), limit: size(known?.maxFileBytes ?? 0) });
  account?.show(); // its session may have ended
}

/** Learns early whether the server is there, and whether the user comes back from signing in. */
async function start() {
  const signal = begin(start);
  try {
    await service();
    await account?.comeBack();
  } catch (error) {
    if (!signal.aborted) tell(error);
  }
}

/** In another tab if a film is kept here: a page that leaves loses it. */
async function signIn() {
  const { signal } = job;
  try {
    hideFailure();
    if (!isFilmKept) return await account?.signInHere();
    await account?.signInBeside(signal);
    again();
  } catch (error) {
    if (!signal.aborted) tell(error);
  }
}

/** Nothing of the film, of its reading and of who asked for it stays in the page. */
function forget() {
  begin(() => {});
  showIntake();
  account?.session.close();
  account?.show();
}

startViewer();
listenForFilms({ onFilm: read, onProblem: tell });
offerSamples({
  onFilm: read,
  onProblem: (error, retry) => {
    begin(retry);
    fail(error);
  },
});
part("retry").addEventListener("click", () => again());
part("another").addEventListener("click", startOver);
part("sign-in").addEventListener("click", signIn);
part("sign-out").addEventListener("click", () => {
  forget();
  account?.signOut();
});
part("cancel").addEventListener("click", () => {
  startOver();
  announce(say("progress.cancelled"));
});
start();
