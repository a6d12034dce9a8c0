import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { keepChoice, LANGUAGES, type Language } from '../i18n/index.ts';
import { useSession } from '../services.ts';
import { Mark } from './icons.tsx';
import { SignInButton, SignOutButton } from './sign-in.tsx';

// Guests, who are most of an audience, never need it. Without it, one can still sign out.
const AccountMenu = lazy(() =>
  import('./account-menu.tsx')
    .then((module) => ({ default: module.AccountMenu }))
    .catch(() => ({ default: SignOutButton })),
);

export function Header() {
  const { t } = useTranslation();
  return (
    <header className="header">
      <div className="header-inner">
        <Link href="/" className="brand" aria-label={t('app.home')}>
          <Mark />
          <span className="brand-name">{t('app.name')}</span>
        </Link>
        <div className="header-end">
          <LanguageSwitch />
          <SessionCorner />
        </div>
      </div>
    </header>
  );
}

function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  return (
    <ToggleGroup
      className="segments segments-small"
      aria-label={t('language.label')}
      value={[i18n.language]}
      onValueChange={([language]) => {
        if (language === undefined) return;
        keepChoice(language as Language);
        void i18n.changeLanguage(language);
      }}
    >
      {LANGUAGES.map((language) => (
        <Toggle
          key={language}
          value={language}
          className="segment"
          lang={language}
          aria-label={t(`language.${language}`)}
          title={t(`language.${language}`)}
        >
          {language.toUpperCase()}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}

function SessionCorner() {
  const state = useSession();
  switch (state.kind) {
    case 'guest':
      return state.canSignIn ? <SignInButton /> : null;
    case 'user':
      return (
        <Suspense>
          <AccountMenu account={state.account} />
        </Suspense>
      );
    default:
      return null;
  }
}
