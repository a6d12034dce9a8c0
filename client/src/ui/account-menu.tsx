import { Menu } from '@base-ui/react/menu';
import { useTranslation } from 'react-i18next';
import { useServices } from '../services.ts';
import type { Account } from '../session/session.ts';
import { Person } from './icons.tsx';

export function AccountMenu({ account }: { account: Account }) {
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
