import { CSPProvider } from '@base-ui/react/csp-provider';
import { Toast } from '@base-ui/react/toast';
import { useCallback, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import type { Config } from './api/types.ts';
import { DirectoryPage } from './pages/directory.tsx';
import { LostPage } from './pages/lost.tsx';
import { StreamPage } from './pages/stream.tsx';
import { useServices, useSession } from './services.ts';
import { CALLBACK_PATH } from './session/session.ts';
import { Header } from './ui/header.tsx';
import { Notifications } from './ui/notifications.tsx';
import { PageProblem } from './ui/problem.tsx';
import { useFocusOnNavigation } from './ui/page.ts';
import { usePoll } from './ui/use-poll.ts';
import { Waiting } from './ui/waiting.tsx';

export function App() {
  const { t } = useTranslation();
  useFocusOnNavigation();
  return (
    // Without <style> elements, which the Content-Security-Policy refuses.
    <CSPProvider disableStyleElements>
      <Toast.Provider>
        <a className="skip-link" href="#main">
          {t('app.skip')}
        </a>
        <Header />
        <main id="main" tabIndex={-1}>
          <Configured />
        </main>
        <footer className="footer">
          <p>{t('app.tagline')}</p>
        </footer>
        <Notifications />
      </Toast.Provider>
    </CSPProvider>
  );
}

/** Nothing can be decided before the site's configuration is here. */
function Configured() {
  const { api } = useServices();
  const { t } = useTranslation();
  const load = useCallback((signal: AbortSignal) => api.config(signal), [api]);
  const [{ data: config, error, busy, retryAt }, refresh] = usePoll(load, undefined);
  if (config) return <Identified config={config} />;
  if (error) return <PageProblem error={error} busy={busy} retryAt={retryAt} onRetry={refresh} />;
  return <Waiting>{t('session.starting')}</Waiting>;
}

/** Nor before it is known who is there: what the API answers depends on it. */
function Identified({ config }: { config: Config }) {
  const { session } = useServices();
  const state = useSession();
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    void session.begin(config.oidc, new URL(window.location.href)).then((path) => {
      if (path !== undefined) navigate(path, { replace: true });
    });
  }, [session, config, navigate]);

  switch (state.kind) {
    case 'starting':
      return <Waiting>{t('session.starting')}</Waiting>;
    case 'completing':
      return <Waiting>{t('session.completing')}</Waiting>;
    case 'leaving':
      return <Waiting>{t('session.leaving')}</Waiting>;
    case 'guest':
      return <Pages key="guest" />;
    case 'user':
      // Keyed by the user: nothing that one may see is left on the page for the next.
      return <Pages key={state.account.subject} />;
  }
}

function Pages() {
  return (
    <Switch>
      <Route path="/">
        <DirectoryPage />
      </Route>
      <Route path="/streams/:namespace/:name">
        {({ namespace, name }) => (
          <StreamPage key={`${namespace}/${name}`} namespace={namespace} name={name} />
        )}
      </Route>
      <Route path="/streams">
        <Redirect to="/" replace />
      </Route>
      {/* Only for the moment between a finished sign-in and the page where it began. */}
      <Route path={CALLBACK_PATH}>{null}</Route>
      <Route>
        <LostPage />
      </Route>
    </Switch>
  );
}
