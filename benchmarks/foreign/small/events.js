// What happened, written in batches a moment later, as services do that must not wait for their log.
const DELAY = 400;

export class Events {
  #queue = [];
  #timer = null;

  constructor(db) {
    this.db = db;
  }

  add(kind, subject) {
    this.#queue.push([kind, String(subject), new Date().toISOString()]);
    this.#timer ??= setTimeout(() => this.#flush(), DELAY);
  }

  async #flush() {
    const batch = this.#queue.splice(0);
    this.#timer = null;
    try {
      for (const event of batch) {
        await this.db.rows("INSERT INTO events (kind, subject, occurred_at) VALUES ($1, $2, $3)", ...event);
        if (event[0] === "tool-lent") {
          await this.db.rows("UPDATE tools SET loans_count = loans_count + 1 WHERE id = $1", event[1]);
        }
      }
    } catch (error) {
      console.error("events were lost:", error.message);
    }
  }
}
