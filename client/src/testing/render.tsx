import { render, type RenderResult } from '@testing-library/react';
import axe from 'axe-core';
import { I18nextProvider } from 'react-i18next';
import { expect } from 'vitest';
import type { Api } from '../api/http.ts';
import { App } from '../app.tsx';
import { createI18n, type Language } from '../i18n/index.ts';
import { ServicesContext } from '../services.ts';
import { createSession, type IdentityProvider, type Memory } from '../session/session.ts';
import { config, fakeMemory, fakeSurroundings, NOW } from './fixtures.ts';

const nobody: IdentityProvider = {
  signIn: () => new Promise(() => undefined),
  complete: () => Promise.reject(new Error('not expected')),
  renew: () => Promise.resolve(undefined),
  signOut: () => Promise.resolve(false),
  onExpiring: () => undefined,
  onExpired: () => undefined,
};

/** The whole application at `path`, with an API that answers as given. */
export function renderApp(
  path: string,
  api: Partial<Api>,
  options: { language?: Language; issuer?: Partial<IdentityProvider>; memory?: Memory } = {},
): RenderResult {
  window.history.replaceState(null, '', path);
  const issuer = { ...nobody, ...options.issuer };
  const services = {
    session: createSession(() => Promise.resolve(issuer), options.memory ?? fakeMemory()),
    api: {
      config: () => Promise.resolve(config),
      streams: () => Promise.resolve({ items: [] }),
      stream: () => Promise.reject(new Error('not expected')),
      now: () => NOW,
      ...api,
    },
    surroundings: fakeSurroundings(),
  };
  return render(
    <I18nextProvider i18n={createI18n(options.language ?? 'en')}>
      <ServicesContext value={services}>
        <App />
      </ServicesContext>
    </I18nextProvider>,
  );
}

/** What jsdom can judge: roles, names, labels, structure. Contrast needs a real browser. */
export async function expectAccessible(): Promise<void> {
  const { violations } = await axe.run(document.body, { rules: { 'color-contrast': { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
}
