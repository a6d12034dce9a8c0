import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { usePageTitle } from '../ui/page.ts';

export function LostPage() {
  const { t } = useTranslation();
  usePageTitle(t('lost.title'));
  return (
    <section className="problem">
      <h1>{t('lost.title')}</h1>
      <p>{t('lost.text')}</p>
      <div className="actions">
        <Link href="/" className="button button-primary">
          {t('problem.home')}
        </Link>
      </div>
    </section>
  );
}
