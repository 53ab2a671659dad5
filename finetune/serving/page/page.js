"use strict";
const $ = (id) => document.getElementById(id);
const SHOWN = 8;
const HUES = 8;
let language = firstLanguage();
let last = null; // what the answer shows, to show it again in the other language
const word = (name) => WORDS[language][name];

function make(tag, className, text) {
  const one = document.createElement(tag);
  if (className) one.className = className;
  if (text !== undefined) one.textContent = text;
  return one;
}

const percent = (share) => `${(100 * share).toFixed(share >= 0.9995 || share < 0.0005 ? 0 : 1)}%`;

function bar(name, share, strong) {
  const row = make("div", strong ? "bar strong" : "bar");
  const track = make("span", "track");
  const fill = make("span", "fill");
  fill.style.width = `${100 * share}%`;
  track.append(fill);
  row.append(make("span", "name", name), track, make("span", "share", percent(share)));
  return row;
}

function showLabels(answer) {
  const held = [].concat(answer.label);
  const head = make("p", "verdict");
  if (!held.length) head.append(make("span", "hint", word("none")));
  for (const one of held) head.append(make("strong", "", one));
  if (!Array.isArray(answer.label)) head.append(make("span", "hint", word("sure")(percent(answer.confidence))));
  const bars = Object.entries(answer.probabilities)
    .sort((a, b) => b[1] - a[1])
    .map(([name, share]) => bar(name, share, held.includes(name)));
  const few = make("div", "bars");
  few.append(...bars.slice(0, SHOWN));
  const parts = [head, few];
  if (bars.length > SHOWN) {
    const more = make("button", "quiet", word("all")(bars.length));
    more.type = "button";
    more.onclick = () => { few.append(...bars.slice(SHOWN)); more.remove(); };
    parts.push(more);
  }
  return parts;
}

function showEntities(answer) {
  const characters = Array.from(answer.text); // places count characters, JavaScript's strings count halves of some
  const kinds = [...new Set(answer.entities.map((one) => one.label))].sort();
  const text = make("p", "marked");
  let at = 0;
  for (const one of answer.entities) {
    text.append(characters.slice(at, one.start).join(""));
    const mark = make("mark", `hue${kinds.indexOf(one.label) % HUES}`, characters.slice(one.start, one.end).join(""));
    mark.title = `${one.label} · ${percent(one.confidence)}`;
    mark.append(make("small", "", `\u2060${one.label}`)); // U+2060: the label stays on the line of its entity
    text.append(mark);
    at = one.end;
  }
  text.append(characters.slice(at).join(""));
  const count = answer.entities.length;
  return [make("p", "hint", count ? word("entities")(count) : word("nothing")), text];
}

function show() {
  const place = $("answer");
  place.hidden = last === null;
  if (last === null) return;
  place.classList.toggle("trouble", "error" in last);
  $("took").textContent = "took" in last ? word("took")(last.took) : "";
  if ("error" in last) place.replaceChildren(make("p", "", last.error()));
  else place.replaceChildren(...("entities" in last.answer ? showEntities : showLabels)(last.answer));
}

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = word(one.dataset.word);
  $("text").placeholder = word("placeholder");
  $("language").textContent = word("other");
  document.title = word("title");
  show();
}

const headers = () => ($("key").value ? { Authorization: `Bearer ${$("key").value}` } : {});

async function reason(response) {
  if (response.status === 401) {
    $("keys").hidden = false;
    $("key").focus();
    return () => word("keyed");
  }
  if (response.status === 503) {
    const seconds = response.headers.get("Retry-After");
    return () => word("busy")(seconds);
  }
  const said = await response.json().then((one) => one.error, () => response.statusText);
  return () => `${word("wrong")} ${said}`;
}

async function ask(text) {
  const started = performance.now();
  const body = { text, ...($("model").value ? { model: $("model").value } : {}) };
  const response = await fetch("v1/predict", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers() },
    body: JSON.stringify(body),
  });
  if (!response.ok) return { error: await reason(response) };
  const answer = (await response.json()).answers[0];
  if (!$("models").hidden || $("model").options.length === 0) listModels();
  return { answer, took: Math.round(performance.now() - started) };
}

async function send(event) {
  event.preventDefault();
  const text = $("text").value;
  const button = $("send");
  if (button.disabled) return;
  if (!text.trim()) {
    last = { error: () => word("empty") };
    show();
    return;
  }
  button.disabled = true;
  button.textContent = word("sending");
  try {
    last = await ask(text);
  } catch {
    last = { error: () => word("unreachable") };
  } finally {
    button.disabled = false;
    button.textContent = word("send");
    show();
  }
}

async function listModels() {
  const response = await fetch("v1/models", { headers: headers() });
  if (!response.ok) {
    $("keys").hidden = response.status !== 401;
    return;
  }
  const chosen = $("model").value;
  const names = (await response.json()).models.map((one) => one.name);
  $("model").replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
  $("models").hidden = names.length < 2;
}

$("form").addEventListener("submit", send);
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("form").requestSubmit();
});
$("key").addEventListener("change", listModels);
$("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  kept("language", language);
  speak();
});
speak();
listModels();
