"use strict";
// Draws openapi.json: each route with its body, an example to paste into a terminal, and its answers.
function make(tag, className, text, ...inside) {
  const one = document.createElement(tag);
  if (className) one.className = className;
  one.append(...(text === null ? [] : [text]), ...inside);
  return one;
}

const schemaOf = (part) => part?.content?.["application/json"]?.schema;

function resolved(schema, all) {
  return schema?.$ref ? all[schema.$ref.split("/").pop()] : schema;
}

// {"label": string, …} as a person writes it; limits in brackets
function sketch(schema, all, depth = 0) {
  const one = resolved(schema, all) ?? {};
  const choices = one.oneOf ?? one.anyOf;
  if (choices) return choices.filter((c) => c.type !== "null").map((c) => sketch(c, all, depth)).join(" or ");
  if (one.type === "array") return `[${sketch(one.items, all, depth)}, …]${one.maxItems ? ` (up to ${one.maxItems})` : ""}`;
  if (one.properties) {
    const pad = "  ".repeat(depth + 1);
    const rows = Object.entries(one.properties).map(([name, value]) => {
      const free = one.additionalProperties === false && !one.required?.includes(name) ? "  // may be left out" : "";
      return `${pad}"${name}": ${sketch(value, all, depth + 1)}${free}`;
    });
    return `{\n${rows.join("\n")}\n${"  ".repeat(depth)}}`;
  }
  if (one.additionalProperties) return `{name: ${sketch(one.additionalProperties, all, depth)}, …}`;
  return (one.type ?? "any") + (one.maxLength ? ` (up to ${one.maxLength} characters)` : "");
}

function curl(verb, path, example, keyed) {
  const lines = [`curl ${location.origin}${path}`];
  if (keyed) lines.push("  -H 'Authorization: Bearer KEY'");
  if (example) lines.push("  -H 'Content-Type: application/json'", `  -d '${JSON.stringify(example)}'`);
  return lines.join(" \\\n");
}

function route(path, verb, what, all) {
  const card = make("section", "card", null, make("h2", "", null, make("span", "verb", verb.toUpperCase()), path));
  card.append(make("p", "hint", what.summary));
  const body = schemaOf(what.requestBody);
  if (body) card.append(make("pre", "", sketch(body, all)));
  card.append(make("pre", "", curl(verb, path, resolved(body, all)?.example, what.security)));
  const table = make("table", "", null);
  for (const [status, answer] of Object.entries(what.responses)) {
    table.append(make("tr", "", null, make("td", "", status), make("td", "", answer.description)));
  }
  card.append(table);
  const good = schemaOf(what.responses["200"]);
  if (good) card.append(make("pre", "", sketch(good, all)));
  return card;
}

fetch("openapi.json").then((response) => response.json()).then((document_) => {
  const all = document_.components.schemas;
  const place = document.getElementById("routes");
  for (const [path, verbs] of Object.entries(document_.paths)) {
    for (const [verb, what] of Object.entries(verbs)) place.append(route(path, verb, what, all));
  }
});
