// Saves each question as it is typed. The page works without it: the button sends the same fields.
// What is typed is first kept in the browser, then sent; it leaves the browser when the server has said that it is saved.

import { drop, found, keep, tidy } from "./kept.js";
import { isNewer, join } from "./tabs.js";

const PAUSE = 1000; // milliseconds without a key before a question is sent
const LONGEST = 5000; // the longest somebody types on before it is sent all the same
const PATIENCE = 15000; // the longest an answer is waited for
const RETRIES = [1000, 2000, 4000, 8000, 15000];

const form = document.getElementById("svara");
const words = form.dataset;
const submission = words.submission;
const bar = document.getElementById("sparat");
const voice = document.getElementById("besked");
let working = null; // the round of saving that is under way
let trouble = ""; // "", "lost" or "session"
let tries = 0;
let timer = 0;
let leaving = false;
let going = false;
let calm = bar.textContent; // what the bar says when nothing waits

class Question {
  constructor(section) {
    this.section = section;
    this.key = section.dataset.key;
    this.text = this.field("text");
    this.reason = this.field("reason");
    this.box = this.field("na");
    this.note = section.querySelector('[data-piece="saved"]');
    const shown = { text: this.text.defaultValue, na: this.box.defaultChecked, reason: this.reason.defaultValue };
    this.stored = "unsaved" in section.dataset ? null : shown; // null: the page shows again what could not be saved
    this.tried = []; // sent and not answered: each of these may be stored all the same
    this.held = section.querySelector(".clash") ? "clash" : section.querySelector(".problem") ? "refused" : "";
    this.version = this.field("version").value; // what it is written upon; the field's, where two texts stand, is theirs
    this.calm = this.note.innerHTML;
    this.against = section.querySelector(".against");
    this.own = null; // the text that "unchanged" has put aside
    this.first = 0; // when the oldest letter that waits was typed
    this.kept = true;
  }

  field(name) {
    return form.elements.namedItem(`${name}.${this.key}`);
  }

  get now() {
    return { text: this.text.value, na: this.box.checked, reason: this.reason.value };
  }

  get dirty() {
    return !same(this.now, this.stored);
  }

  // Held texts wait for the person ("clash", "refused") or for nothing more ("closed"); the others for us.
  get waits() {
    return this.dirty && !this.held;
  }

  // Last time's answer, where there is one to compare with.
  get before() {
    const at = this.against?.dataset;
    return at && { text: at.text, na: "na" in at, reason: at.reason };
  }

  // "same", "updated", "gone": seen from the texts.
  get comparison() {
    if (same(this.now, this.before)) return "same";
    return this.box.checked ? "gone" : this.text.value.trim() ? "updated" : "";
  }

  show(typed) {
    this.text.value = typed.text;
    this.box.checked = typed.na;
    this.reason.value = typed.reason;
  }

  keep() {
    this.kept = keep(submission, this.key, this.version, { ...this.now, tried: this.tried });
  }

  say(message, icon = "late") {
    this.note.replaceChildren(marked(icon, message));
  }
}

function same(one, other) {
  return one && other && one.text === other.text && one.na === other.na && one.reason === other.reason;
}

function marked(icon, message) {
  const span = document.createElement("span");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  span.className = "saved";
  shape.setAttribute("class", "ic");
  shape.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#s-${icon}`);
  shape.append(use);
  span.append(shape, message);
  return span;
}

function piece(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html; // from our own server, escaped there
  return holder.content;
}

// Heard by those who listen: only what changes for them, never each saving.
function tell(message) {
  voice.textContent = "";
  voice.textContent = message;
}

// --- typing -------------------------------------------------------------------

const questions = [...form.querySelectorAll("[data-key]")].map((section) => new Question(section));
const asked = new Map(questions.map((question) => [question.key, question]));

function typed(event) {
  const question = asked.get(event.target.closest("[data-key]")?.dataset.key);
  if (!question || event.target.name?.startsWith("choice.")) return;
  if (event.target.name?.startsWith("against.")) {
    if (event.type === "input") return;
    compare(question, event.target.value);
  } else mark(question);
  if (question.held === "refused") question.held = "";
  if (question.dirty || question.tried.length) question.keep();
  else drop(submission, question.key);
  if (!question.dirty) question.note.innerHTML = question.calm;
  if (!question.waits || trouble) return refresh();
  question.first ||= Date.now();
  question.say(words.typing, "draft");
  refresh();
  const pause = event.type === "change" ? 0 : Math.min(PAUSE, question.first + LONGEST - Date.now());
  soon(Math.max(pause, 0));
}

// The three choices: last time's text as it is, as a start, or no longer. What was written comes back with "updated".
function compare(question, choice) {
  const { text, na, reason } = question.before;
  const own = question.own ?? { ...question.now, na: false };
  question.own = null;
  if (choice === "gone") {
    question.box.checked = true;
    question.reason.focus();
  } else if (choice === "same") {
    if (own.text.trim() && own.text !== text) question.own = own;
    question.show({ text, na, reason });
  } else if (own.text.trim()) question.show(own);
  else question.show({ text, na: false, reason });
  if (choice === "updated") question.text.focus();
}

function mark(question) {
  if (!question.against) return;
  for (const each of question.against.querySelectorAll("input")) each.checked = each.value === question.comparison;
}

function soon(pause) {
  clearTimeout(timer);
  timer = setTimeout(save, pause);
}

// --- saving -------------------------------------------------------------------

// One after the other, until nothing waits or something is in the way.
function save() {
  clearTimeout(timer);
  working ??= saveAll().finally(() => {
    working = null;
    if (trouble) soon(RETRIES[Math.min(tries++, RETRIES.length - 1)]);
    else if (questions.some((each) => each.waits)) soon(PAUSE);
    refresh();
  });
  return working;
}

async function saveAll() {
  if (trouble === "session" && !(await openedAgain())) return;
  for (const question of questions) {
    if (!question.waits) continue;
    const way = await send(question);
    if (way) return enterTrouble(way);
    leaveTrouble();
  }
}

async function send(question) {
  const mine = question.now;
  question.tried = [...question.tried.filter((each) => !same(each, mine)), mine].slice(-5);
  question.first = 0;
  question.keep();
  bar.textContent = words.saving;
  try {
    const reply = await fetch(`/svara/fraga/${encodeURIComponent(question.key)}`, request(question, mine));
    return hear(question, mine, reply.status, await reply.json());
  } catch (error) {
    return error instanceof SyntaxError ? "odd" : "lost"; // an answer that is not ours: a proxy's, or a crash
  }
}

function request(question, mine) {
  const body = new URLSearchParams({
    csrf: form.elements.csrf.value,
    [`text.${question.key}`]: mine.text,
    [`reason.${question.key}`]: mine.reason,
    [`version.${question.key}`]: question.version,
  });
  if (mine.na) body.set(`na.${question.key}`, "1");
  const keepalive = leaving && body.toString().length < 60000; // browsers carry at most 64 KiB past a page's end
  return { method: "POST", body, keepalive, signal: AbortSignal.timeout(PATIENCE) };
}

// "" where all went on, else the trouble.
function hear(question, mine, status, told) {
  if (status === 200) {
    tellTabs({ key: question.key, mine, told });
    return saved(question, mine, told);
  }
  if (told.error === "clash") return clashed(question, told);
  if (told.error === "session") return "session";
  if (told.error !== "refused" && told.error !== "closed") return "odd";
  question.tried = [];
  question.held = told.error;
  question.keep();
  question.say(told.message);
  tell(told.message);
  return "";
}

function saved(question, mine, told) {
  stand(question, mine, told);
  question.calm = told.said;
  question.note.innerHTML = told.said; // pieces of the page from our own server, escaped there
  question.section.querySelector('[data-piece="state"]').replaceChildren(piece(told.state));
  document.querySelector(`[data-mark="${question.key}"]`).replaceChildren(piece(told.mark));
  const progress = document.getElementById("framsteg");
  if (progress.textContent !== told.progress) tell(told.progress);
  progress.textContent = told.progress;
  document.getElementById("sa-langt").textContent = told.short;
  document.querySelector("progress").value = told.done;
  return "";
}

// Another tab of this browser has saved. What is being written or sent here meets it at the server.
function savedElsewhere({ key, mine, told }) {
  const question = asked.get(key);
  if (!question || question.held || question.tried.length || !isNewer({ told }, question.version)) return;
  if (question.dirty && !same(question.now, mine)) return;
  question.show(mine);
  mark(question);
  saved(question, mine, told);
  bar.textContent = words.saved;
  refresh();
}

// What the field holds rests on what the server has now.
function stand(question, stored, told) {
  question.stored = stored;
  question.tried = [];
  question.version = told.version;
  facing(question, told);
  if (question.dirty) question.keep();
  else drop(submission, question.key);
  return "";
}

function facing(question, told) {
  question.field("version").value = told.version;
  question.field("seen").value = told.seen;
}

// Both texts stay: the person's own in the field, the other's beside it. Which is to stand, they choose by the button.
function clashed(question, told) {
  const theirs = { text: told.theirs.text, na: told.theirs.not_applicable, reason: told.theirs.reason };
  const own = question.tried.some((each) => same(each, theirs)); // came through, but its answer did not
  if (own || same(question.now, theirs)) return stand(question, theirs, told);
  facing(question, told);
  question.held = "clash";
  const grid = question.section.querySelector(".qgrid");
  for (const old of grid.querySelectorAll(".theirs, .clash")) old.remove();
  grid.prepend(piece(told.text));
  grid.querySelector(".mine").prepend(piece(told.choice));
  question.say(told.message);
  tell(told.message);
  return "";
}

// --- what may be in the way ------------------------------------------------------

function troubleWords() {
  return trouble && (trouble === "session" ? words.gone : words.lost);
}

function enterTrouble(way) {
  const before = trouble;
  trouble = way;
  const message = troubleWords();
  if (!before) tell(message);
  for (const question of questions) if (question.waits) question.say(message);
}

function leaveTrouble() {
  if (trouble && !questions.some((each) => each.waits)) tell(words.again);
  trouble = "";
  tries = 0;
}

// The link may have been opened again in another tab: then this page goes on under the new session.
async function openedAgain() {
  try {
    const page = new DOMParser().parseFromString(await (await fetch("/svara")).text(), "text/html");
    const fresh = page.getElementById("svara");
    if (fresh?.dataset.submission !== submission) return false;
    for (const token of document.querySelectorAll('input[name="csrf"]')) token.value = fresh.elements.csrf.value;
    return true;
  } catch {
    return false;
  }
}

function refresh() {
  const waiting = questions.filter((each) => each.dirty);
  if (waiting.length) bar.textContent = troubleWords() || (waiting.every((each) => each.held) ? words.unsaved : words.typing);
  else if (bar.textContent !== calm) bar.textContent = calm = words.saved;
}

// --- coming and going -------------------------------------------------------------

// A button: first what waits, so that nobody clashes with themselves; then the form as it always goes.
async function submitted(event) {
  if (going || !(working || questions.some((each) => each.waits))) return settle();
  event.preventDefault();
  const seen = questions.filter((each) => each.held === "clash");
  await working;
  for (let round = 0; round < 3 && questions.some((each) => each.waits); round += 1) await save();
  if (trouble === "lost") return tell(words.lost);
  const fresh = questions.find((each) => each.held === "clash" && !seen.includes(each));
  if (fresh) return fresh.section.querySelector(".clash input").focus();
  going = true;
  event.target.requestSubmit(event.submitter);
  going = false;
}

// A text that the person let go of is not to come back.
function settle() {
  for (const question of questions) {
    const choice = form.elements.namedItem(`choice.${question.key}`);
    if (choice?.value === "theirs") drop(submission, question.key);
  }
}

function restore() {
  let back = 0;
  for (const question of questions) {
    const record = found(submission, question.key);
    if (!record || !question.stored) question.dirty && question.keep(); // typed before this script was here
    else if (same(record, question.stored)) drop(submission, question.key);
    else {
      const early = question.dirty ? `\n\n${question.text.value}` : "";
      question.show({ ...record, text: record.text + early });
      question.tried = record.tried ?? [];
      question.version = record.version;
      mark(question);
      back += 1;
    }
  }
  if (back) tell(words.restored);
  if (questions.some((each) => each.waits)) soon(0);
}

function leave() {
  leaving = true;
  if (!trouble && questions.some((each) => each.waits)) save();
}

tidy();
restore();
const versions = Object.fromEntries(questions.map((each) => [each.key, each.version]));
const tellTabs = join(submission, versions, savedElsewhere);
form.addEventListener("input", typed);
form.addEventListener("change", typed);
for (const each of document.forms) each.addEventListener("submit", submitted); // logging out, too
addEventListener("online", () => trouble && soon(0));
addEventListener("focus", () => trouble && soon(0));
addEventListener("pagehide", leave);
addEventListener("pageshow", () => { leaving = false; });
document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); else leaving = false; });
addEventListener("beforeunload", (event) => {
  const last = document.activeElement?.form?.getAttribute("action").endsWith("/avsluta"); // then the browser keeps nothing more
  if (questions.some((each) => each.dirty && (last || !each.kept))) event.preventDefault();
});
