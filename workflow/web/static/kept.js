// What is typed and not saved yet, kept in this browser: one record for each submission, question and version.

const PREFIX = "tertial:";
const OLDEST = 30 * 24 * 3600 * 1000; // as long as a session lasts

// Keep a text; false where the browser keeps nothing (its storage is full or shut).
export function keep(submission, key, version, record) {
  try {
    const name = nameOf(submission, key, version);
    for (const each of namesOf(submission, key)) if (each !== name) localStorage.removeItem(each);
    localStorage.setItem(name, JSON.stringify({ ...record, at: Date.now() }));
    return true;
  } catch {
    return false;
  }
}

export function drop(submission, key) {
  remove(namesOf(submission, key));
}

// The record of one question, with the version it was written upon; null where there is none.
export function found(submission, key) {
  for (const name of namesOf(submission, key)) {
    const record = read(name);
    if (record) return { ...record, version: Number(name.split(":").pop()) };
  }
  return null;
}

// The records of one submission: [question, record].
export function all(submission) {
  const keys = new Set(names(`${PREFIX}${submission}:`).map((name) => name.split(":")[2]));
  return [...keys].map((key) => [key, found(submission, key)]).filter(([, record]) => record);
}

export function forget(submission = "") {
  remove(names(submission ? `${PREFIX}${submission}:` : PREFIX));
}

// What nobody came back for.
export function tidy() {
  remove(names(PREFIX).filter((name) => !(Date.now() - (read(name)?.at ?? 0) < OLDEST)));
}

function nameOf(submission, key, version) {
  return `${PREFIX}${submission}:${key}:${version}`;
}

function namesOf(submission, key) {
  return names(`${PREFIX}${submission}:${key}:`);
}

function names(start) {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(start));
  } catch {
    return [];
  }
}

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function remove(some) {
  for (const name of some) localStorage.removeItem(name);
}
