"""A member of staff in the admin."""

import pytest
from django.test import Client


@pytest.fixture
def staff(admin_client: Client) -> Client:
    return admin_client
