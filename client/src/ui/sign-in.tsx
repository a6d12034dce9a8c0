import { Button } from '@base-ui/react/button';
import { useTranslation } from 'react-i18next';
import { useServices } from '../services.ts';

/** Comes back to the page where it was pressed. */
export function SignInButton() {
  const { t } = useTranslation();
  const { session } = useServices();
  return (
    <Button
      className="button button-primary"
      onClick={() => void session.signIn(window.location.pathname + window.location.search)}
    >
      {t('session.signIn')}
    </Button>
  );
}

export function SignOutButton() {
  const { t } = useTranslation();
  const { session } = useServices();
  return (
    <Button className="button" onClick={() => void session.signOut()}>
      {t('session.signOut')}
    </Button>
  );
}
