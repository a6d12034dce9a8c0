import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** The page is served with a Content-Security-Policy that allows files of this site and nothing inline. */
describe('index.html', () => {
  const page = new DOMParser().parseFromString(readFileSync('index.html', 'utf8'), 'text/html');

  it('has nothing inline', () => {
    expect(page.querySelectorAll('style, [style], script:not([src])')).toHaveLength(0);
    const handlers = [...page.querySelectorAll('*')].flatMap((element) =>
      element.getAttributeNames().filter((name) => name.startsWith('on')),
    );
    expect(handlers).toEqual([]);
  });

  it('loads nothing from elsewhere', () => {
    const addresses = [...page.querySelectorAll('[src], [href]')].map(
      (element) => element.getAttribute('src') ?? element.getAttribute('href'),
    );
    expect(addresses.filter((address) => !address?.startsWith('/'))).toEqual([]);
  });
});
