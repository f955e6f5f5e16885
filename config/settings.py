"""Settings, from the environment only. What is missing or malformed stops the start with the variable's name.

docs/operations/settings.md lists every variable.
"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF

from openiop.lib import env

BASE = Path(__file__).resolve().parent.parent
VAR = Path(env.text("OPENIOP_VAR", str(BASE / "var"))).resolve()

ENVIRONMENT = env.choice("OPENIOP_ENV", ("development", "production"), "development")
PRODUCTION = ENVIRONMENT == "production"
# One-click sign-in as anybody of the fictional clinic. A system check refuses it in production.
DEMO = env.flag("OPENIOP_DEMO", default=False)
DEBUG = False  # error pages never show data; development has its logs
SECRET_KEY = env.secret("OPENIOP_SECRET_KEY", file=None if PRODUCTION else VAR / "secret-key")
PORT = env.number("OPENIOP_PORT", 8000)
ALLOWED_HOSTS = env.listing("OPENIOP_HOSTS", "localhost,127.0.0.1")
ORIGIN = env.text("OPENIOP_ORIGIN", f"http://localhost:{PORT}")
CSRF_TRUSTED_ORIGINS = [ORIGIN]

# --- The database: three roles, one of them for each kind of process ---
ROLE = env.choice("OPENIOP_ROLE", ("web", "worker", "owner"), "web")
_URL_NAMES = {"web": "DATABASE_URL", "worker": "DATABASE_WORKER_URL", "owner": "DATABASE_OWNER_URL"}


def _database(url: str) -> dict[str, Any]:
    """Return Django's entry for a libpq URL: postgresql://user:password@host:port/name?host=/socket/dir."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or len(parts.path) < 2:
        raise env.BadEnvironment(f"{_URL_NAMES[ROLE]} must look like postgresql://user:password@host:5432/name.")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "openiop.lib.database",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or query.pop("user", "")),
        "PASSWORD": unquote(parts.password or query.pop("password", "")),
        "HOST": parts.hostname or query.pop("host", ""),
        "PORT": str(parts.port or query.pop("port", "")),
        # Planning a question behind row-level security costs as much as answering it: each connection plans it once.
        "OPTIONS": {**query, "server_side_binding": True, "prepare_threshold": 3},
        # Each thread keeps its connection (lib/pages.py), and looks before a request whether the server ended it.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


def _embedded_url() -> str:
    from openiop.lib import postgres

    return postgres.url(VAR, f"openiop_{ROLE}")


DATABASES = {"default": _database(env.text(_URL_NAMES[ROLE], "") or _embedded_url())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Apps, upper ones first ---
INSTALLED_APPS = [
    "openiop.demo",
    "openiop.portal",
    "openiop.billing",
    "openiop.room",
    "openiop.chart",
    "openiop.measures",
    "openiop.schedule",
    "openiop.safety",
    "openiop.programs",
    "openiop.messaging",
    "openiop.people",
    "openiop.audit",
    "openiop.lib",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "channels",
    "procrastinate.contrib.django",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "django_linear_migrations",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "openiop.people.middleware.PersonMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE / "openiop" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "openiop.portal.context.page",
                "openiop.demo.context.people",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Sign-in ---
AUTH_USER_MODEL = "people.Login"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False  # desks are shared
ACCOUNT_ADAPTER = "openiop.people.signin.AccountAdapter"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "10/m/ip,5/5m/key"}
MFA_ADAPTER = "openiop.people.signin.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
MFA_TOTP_ISSUER = "OpenIOP"

SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_NAME = "openiop"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "openiop.portal.errors.csrf_failure"
SECURE_HSTS_SECONDS = 31536000 if PRODUCTION else 0
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, ORIGIN.replace("http", "ws", 1)],
        "media-src": [SELF, "blob:"],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

# --- Words, places, files ---
FORMAT_MODULE_PATH = "config.formats"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE / "frontend" / "built"]
_COLLECTED = (STATIC_ROOT / "staticfiles.json").is_file()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not _COLLECTED
WHITENOISE_MANIFEST_STRICT = False

# --- Mail leaves through our own deliveries, so that each has a receipt ---
EMAIL_BACKEND = "openiop.messaging.backend.DeliveryBackend"
MAIL_URL = env.text("OPENIOP_MAIL_URL", f"file://{VAR / 'mail'}")
DEFAULT_FROM_EMAIL = env.text("OPENIOP_MAIL_FROM", "clinic@localhost")

# --- Text messages and web push to staff; what is empty does not exist, and the page "How I am reached" says so ---
SMS_URL = env.text("OPENIOP_SMS_URL", "" if PRODUCTION else f"file://{VAR / 'sms'}")
PUSH_SECRET = env.text("OPENIOP_PUSH_SECRET", "") or ("" if PRODUCTION else f"push {SECRET_KEY}")
PUSH_HOSTS = env.listing(
    "OPENIOP_PUSH_HOSTS",
    "fcm.googleapis.com,updates.push.services.mozilla.com,web.push.apple.com,notify.windows.com",
)
# A page that shows what left by mail and text. A system check refuses it in production.
CATCHER = env.flag("OPENIOP_CATCHER", default=not PRODUCTION)

# --- The media servers; none means that no room can open, and its page says so ---
JANUS_WS = env.listing("OPENIOP_JANUS_WS", "")
JANUS_API_SECRET = env.listing("OPENIOP_JANUS_API_SECRET", "")
JANUS_ADMIN_KEY = env.listing("OPENIOP_JANUS_ADMIN_KEY", "")
JANUS_DRAINING = env.listing("OPENIOP_JANUS_DRAINING", "")

# --- Relays for people behind strict firewalls; none means that media takes the direct way only ---
TURN_URLS = env.listing("OPENIOP_TURN_URLS", "")
TURN_SECRET = env.secret("OPENIOP_TURN_SECRET") if TURN_URLS else ""
TURN_ONLY = env.flag("OPENIOP_TURN_ONLY", default=False)
if TURN_ONLY and not TURN_URLS:
    raise env.BadEnvironment("OPENIOP_TURN_ONLY is true, but OPENIOP_TURN_URLS names no relay.")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "openiop.lib.logs.WithoutWords", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("OPENIOP_LOG_LEVEL", "WARNING")},
}
