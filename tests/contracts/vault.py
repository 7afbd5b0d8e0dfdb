"""What every vault must do; run your own through it by a subclass with a `vault` fixture.

The fixture's vault holds `key` = `KEY_VALUE` and nothing else.
"""

import pytest

from lib.constants import VAULT
from lib.errors import ConfigError
from lib.redaction import redact
from lib.vault import AbstractVault

KEY_VALUE = "key-that-only-the-vault-knows"


class VaultContract:
    """Tests of `AbstractVault`."""

    place = ""
    """What the message about a missing secret must name."""

    def test_a_secret_is_found(self, vault: AbstractVault) -> None:
        assert vault.Get(VAULT.KEY) == KEY_VALUE

    def test_what_was_found_is_hidden_from_then_on(self, vault: AbstractVault) -> None:
        vault.Get(VAULT.KEY)

        assert redact(f"sent {KEY_VALUE} away") == "sent *** away"

    def test_a_missing_secret_is_named_with_its_place(self, vault: AbstractVault) -> None:
        with pytest.raises(ConfigError) as caught:
            vault.Get(VAULT.SECRET)

        text = str(caught.value)
        assert text.startswith("secret 'secret' of BINANCE.FUTURES is missing: looked for it in ")
        assert self.place in text
        assert KEY_VALUE not in text
        assert "\n" not in text
