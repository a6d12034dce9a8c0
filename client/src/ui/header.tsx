import { Menu } from '@base-ui/react/menu';
import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { keepChoice, LANGUAGES, type Language } from '../i18n/index.ts';
import { useServices, useSession } from '../services.ts';
import { type Account } from '../session/session.ts';
import { Mark, Person } from './icons.tsx';
import { SignInButton } from './sign-in.tsx';

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
      return <AccountMenu account={state.account} />;
    default:
      return null;
  }
}

function AccountMenu({ account }: { account: Account }) {
  const { t } = useTranslation();
  const { session } = useServices();
  return (
    <Menu.Root>
      <Menu.Trigger className="button account" aria-label={t('session.menu', { name: account.name })}>
        <Person />
        <span className="account-name" dir="auto">
          {account.name}
        </span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="menu-positioner" sideOffset={8} align="end">
          <Menu.Popup className="menu">
            <p className="menu-head">
              {t('session.signedInAs')}
              <strong dir="auto">{account.name}</strong>
            </p>
            <Menu.Item className="menu-item" onClick={() => void session.signOut()}>
              {t('session.signOut')}
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
