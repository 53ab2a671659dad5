"use strict";
// Every word of the page in its two languages; the browser's choice, unless the reader made another.
const WORDS = {
  en: {
    title: "Try the model",
    docs: "API",
    other: "中文",
    model: "Model",
    key: "API key",
    text: "Text",
    placeholder: "Paste or type a text …",
    send: "Answer",
    sending: "Working …",
    shortcut: "or Ctrl + Enter",
    took: (ms) => `${ms} ms`,
    empty: "Type a text first.",
    sure: (percent) => `${percent} sure`,
    none: "No label reaches its threshold.",
    nothing: "No entity found.",
    all: (count) => `Show all ${count} labels`,
    entities: (count) => (count === 1 ? "1 entity" : `${count} entities`),
    unreachable: "The service does not answer. Is it still running?",
    busy: (seconds) => `Many texts wait at the moment. Try again in ${seconds} s.`,
    keyed: "This service wants an API key.",
    wrong: "The service said:",
  },
  zh: {
    title: "试用模型",
    docs: "接口",
    other: "English",
    model: "模型",
    key: "API 密钥",
    text: "文本",
    placeholder: "粘贴或输入一段文本……",
    send: "分析",
    sending: "处理中……",
    shortcut: "或按 Ctrl + Enter",
    took: (ms) => `${ms} 毫秒`,
    empty: "请先输入文本。",
    sure: (percent) => `置信度 ${percent}`,
    none: "没有标签达到阈值。",
    nothing: "没有找到实体。",
    all: (count) => `显示全部 ${count} 个标签`,
    entities: (count) => `${count} 个实体`,
    unreachable: "服务没有响应，它还在运行吗？",
    busy: (seconds) => `当前排队的文本太多，请 ${seconds} 秒后再试。`,
    keyed: "此服务需要 API 密钥。",
    wrong: "服务返回：",
  },
};

function kept(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(name, value);
    return localStorage.getItem(name);
  } catch {
    return null; // a browser that keeps nothing
  }
}

function firstLanguage() {
  const chosen = kept("language");
  if (chosen in WORDS) return chosen;
  return (navigator.languages || [navigator.language]).some((one) => /^zh\b/i.test(one)) ? "zh" : "en";
}
