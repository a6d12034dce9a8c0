/** Both languages say everything, and nothing is said outside of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import en from './en.json';
import vi from './vi.json';

type Texts = Map<string, string>;

function textsOf(node: object, prefix = ''): Texts {
  return new Map(
    Object.entries(node).flatMap(([key, value]: [string, unknown]) =>
      typeof value === 'string'
        ? [[prefix + key, value] as const]
        : [...textsOf(value as object, `${prefix}${key}.`)],
    ),
  );
}

const PLURAL = /_(zero|one|two|few|many|other)$/;
const withoutPlural = (key: string): string => key.replace(PLURAL, '');
const languages: [string, Texts][] = [
  ['en', textsOf(en)],
  ['vi', textsOf(vi)],
];

describe('language files', () => {
  it('have the same keys', () => {
    const [english, vietnamese] = languages.map(([, texts]) =>
      [...new Set([...texts.keys()].map(withoutPlural))].sort(),
    );
    expect(vietnamese).toEqual(english);
  });

  it.each(languages)('%s has every plural form of its language, and no other', (language, texts) => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted();
    const plurals = [...texts.keys()].filter((key) => PLURAL.test(key));
    for (const key of new Set(plurals.map(withoutPlural))) {
      const found = plurals
        .filter((each) => withoutPlural(each) === key)
        .map((each) => PLURAL.exec(each)?.[1]);
      expect(found.toSorted(), key).toEqual(forms);
    }
  });

  it('have the same placeholders', () => {
    const [english, vietnamese] = languages.map(([, texts]) => {
      return new Map(
        [...texts].map(([key, text]) => [withoutPlural(key), text.match(/{{\w+}}/g)?.sort() ?? []]),
      );
    });
    expect(vietnamese).toEqual(english);
  });

  it.each(languages)('%s has no empty text', (_language, texts) => {
    expect([...texts].filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  it('are not copies of each other', () => {
    const [english, vietnamese] = languages.map(([, texts]) => texts);
    // Names, and words that are the same in both.
    const same = [...(english ?? [])]
      .filter(([key, text]) => vietnamese?.get(key) === text)
      .map(([key]) => key);
    expect(same).toEqual(['language.en', 'language.vi', 'stream.facts.chat']);
  });
});

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path) && !path.startsWith('testing'))
  .map((path) => join('src', path));

describe('sources', () => {
  it.each(sources)('%s says nothing in a language of its own', (path) => {
    expect(literalsShownIn(readFileSync(path, 'utf8'))).toEqual([]);
  });

  it('use every text', () => {
    const code = sources.map((path) => readFileSync(path, 'utf8')).join('\n');
    // `problem.${error.trouble}.title` uses every key of that form.
    const used = [...code.matchAll(/['`]([\w.]*(?:\$\{[^}]+\}[\w.]*)*)['`]/g)]
      .map(([, key = '']) => key)
      .filter((key) => key.includes('.'))
      .map((key) => new RegExp(`^${key.replaceAll('.', '\\.').replace(/\$\{.*?\}/g, '\\w+')}$`));
    const keys = new Set([...textsOf(en).keys()].map(withoutPlural));
    expect([...keys].filter((key) => !used.some((pattern) => pattern.test(key)))).toEqual([]);
  });

  it('the page has the title of the language files until a language is known', () => {
    expect(readFileSync('index.html', 'utf8')).toContain(`<title>${en.app.name}</title>`);
  });
});

describe('the search for texts in sources', () => {
  it.each([
    ['<p>Hello</p>', ['Hello']],
    ["<p>{'Hello'}</p>", ['Hello']],
    ['<p>{`Hello ${name}`}</p>', ['Hello ']],
    ["<p>{live ? 'On' : t('off')}</p>", ['On']],
    ["<p>{live && 'On'}</p>", ['On']],
    ['<input placeholder="Search" className="search" />', ['Search']],
    ["<input aria-label={live ? 'On' : off} />", ['On']],
    ["add({ title: 'Copied', id: 'copy' })", ['Copied']],
    ["<p className={live ? 'on' : 'off'} hidden={state === 'LIVE'}>{t('a.b')} · {count}</p>", []],
    ['<ul>{state === \'LIVE\' && <Live kind="card" />}</ul>', []],
  ])('%s', (code, found) => {
    expect(literalsShownIn(`const view = ${code};`)).toEqual(found);
  });
});

const SHOWN_NAMES =
  /^(aria-(label|description|placeholder|roledescription|valuetext)|alt|label|placeholder|title|description)$/;

/** Text between tags, text in an expression between tags, and text under a name that is shown or read out. */
function literalsShownIn(code: string): string[] {
  const source = ts.createSourceFile('x.tsx', code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];

  function visit(node: ts.Node, shown: boolean): void {
    const isText = ts.isJsxText(node) || (shown && (ts.isStringLiteralLike(node) || isTemplatePart(node)));
    if (isText && /\p{L}/u.test(node.text)) found.push(node.text);
    ts.forEachChild(node, (child) => {
      visit(child, isShown(child, shown));
    });
  }

  function isShown(node: ts.Node, parent: boolean): boolean {
    if (ts.isJsxAttribute(node) || ts.isPropertyAssignment(node))
      return SHOWN_NAMES.test(node.name.getText());
    if (ts.isJsxExpression(node))
      return parent || ts.isJsxElement(node.parent) || ts.isJsxFragment(node.parent);
    // What is handed to a function, compared, or used as an index is not shown itself.
    if (ts.isCallExpression(node) || ts.isElementAccessExpression(node)) return false;
    if (ts.isBinaryExpression(node)) return parent && CHOOSING.includes(node.operatorToken.kind);
    return ts.isJsxElement(node) || ts.isJsxSelfClosingElement(node) ? false : parent;
  }

  visit(source, false);
  return found;
}

/** `a && b`, `a || b`, `a ?? b`, `a + b`: one of them, or both, is the result. */
const CHOOSING = [
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
  ts.SyntaxKind.PlusToken,
];

function isTemplatePart(node: ts.Node): node is ts.TemplateHead | ts.TemplateMiddle | ts.TemplateTail {
  return ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node);
}
