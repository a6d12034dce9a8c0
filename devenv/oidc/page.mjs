// One plain page: no script, no request to anywhere else.
const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const escape = (text) => String(text).replace(/[&<>"']/g, (character) => entities[character]);

const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
  main { width: min(22rem, calc(100vw - 2rem)); }
  label { display: block; margin: 0.75rem 0; }
  input { box-sizing: border-box; width: 100%; padding: 0.5rem; font: inherit; }
  button { margin-top: 0.5rem; padding: 0.5rem 1rem; font: inherit; cursor: pointer; }
  [role=alert] { color: #c62828; }
`;

export const page = (title, content) => `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${escape(title)} · demo</title>
  <style>${style}</style>
</head>
<body><main><h1>${escape(title)}</h1>${content}</main></body>
</html>`;
