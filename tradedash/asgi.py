"""The one ASGI application, for our Daphne and for any other server."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradedash.settings")

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

django = get_asgi_application()  # before anything that needs the models

from ticker import routing
from tradedash import server

# Daphne reads this class after it has imported us: so a plain `daphne tradedash.asgi:application` is ours too.
server.install()

application = ProtocolTypeRouter({"http": routing.http(django), "websocket": routing.websocket})
