export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const missing = (name) => new Refusal(404, `There is no such ${name}.`);

export function existing(row, name) {
  if (!row) throw missing(name);
  return row;
}
