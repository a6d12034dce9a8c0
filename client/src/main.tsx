import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { I18nextProvider } from 'react-i18next';
import { createApi } from './api/http.ts';
import { App } from './app.tsx';
import { createI18n, preferredLanguage, readChoice } from './i18n/index.ts';
import { type Services, ServicesContext } from './services.ts';
import { browserMemory } from './session/memory.ts';
import { createSession } from './session/session.ts';
import { browserSurroundings } from './surroundings.ts';
import { CrashBoundary } from './ui/crash.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/layout.css';
import './styles/pages.css';

const session = createSession(async (oidc) => {
  const { connectOidc } = await import('./session/oidc.ts');
  return connectOidc(oidc, window.location.origin);
}, browserMemory());

const services: Services = {
  session,
  api: createApi({
    accessToken: () => session.accessToken(),
    renew: (refused) => session.renew(refused),
  }),
  surroundings: browserSurroundings,
};

window.addEventListener('pageshow', (event) => {
  if (event.persisted) session.returned();
});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

createRoot(root).render(
  <StrictMode>
    <I18nextProvider i18n={createI18n(preferredLanguage(readChoice(), navigator.languages))}>
      <CrashBoundary>
        <ServicesContext value={services}>
          <App />
        </ServicesContext>
      </CrashBoundary>
    </I18nextProvider>
  </StrictMode>,
);
