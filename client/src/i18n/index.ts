/** Languages: one file each, every text the user sees in it. */
import i18next, { type i18n } from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from './en.json';
import vi from './vi.json';

export const LANGUAGES = ['en', 'vi'] as const;
export type Language = (typeof LANGUAGES)[number];

const CHOICE = 'ivs.language';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

function isLanguage(value: string | null | undefined): value is Language {
  return LANGUAGES.some((language) => language === value);
}

/** The user's earlier choice, else the first language of the browser that we speak, else English. */
export function preferredLanguage(chosen: string | null, browser: readonly string[]): Language {
  const wanted = [chosen, ...browser.map((tag) => tag.split('-')[0])];
  return wanted.find(isLanguage) ?? 'en';
}

export function createI18n(language: Language): i18n {
  const instance = i18next.createInstance();
  void instance.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'en',
    supportedLngs: LANGUAGES,
    resources: { en: { translation: en }, vi: { translation: vi } },
    // React escapes.
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  const apply = (current: string): void => {
    document.documentElement.lang = current;
  };
  apply(language);
  instance.on('languageChanged', apply);
  return instance;
}

export function readChoice(): string | null {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null;
  }
}

export function keepChoice(language: Language): void {
  try {
    localStorage.setItem(CHOICE, language);
  } catch {
    // Then the choice lasts as long as the page.
  }
}
