// Marks kept in this browser, so that a sheet can be closed and gone on with.

/** @typedef {import("./table.js").Mark} Mark */

export class Memory {
  /**
   * @param {string} sheet its id: another sheet has marks of its own
   * @param {string} reader
   */
  constructor(sheet, reader) {
    this.name = `grading-sheet:${sheet}:${reader}`;
    /** @type {Record<string, Mark>} */
    this.marks = {};
    try {
      const found = JSON.parse(localStorage.getItem(this.name) ?? "{}");
      if (found && typeof found === "object") this.marks = found;
    } catch {
      // Nothing readable was kept: the reader starts anew.
    }
  }

  /**
   * @param {import("./order.js").Showing} showing
   * @returns {Mark | undefined}
   */
  get(showing) {
    return this.marks[`${showing.key}:${showing.showing}`];
  }

  /**
   * @param {import("./order.js").Showing} showing
   * @param {Mark} mark
   */
  put(showing, mark) {
    this.marks[`${showing.key}:${showing.showing}`] = mark;
    try {
      localStorage.setItem(this.name, JSON.stringify(this.marks));
    } catch {
      // Full or forbidden: the marks still live in this page, and `keeps` has told the reader.
    }
  }

  /** @returns {boolean} whether this browser keeps what a page gives it */
  static keeps() {
    try {
      localStorage.setItem("grading-sheet:trial", "1");
      localStorage.removeItem("grading-sheet:trial");
      return true;
    } catch {
      return false;
    }
  }
}
