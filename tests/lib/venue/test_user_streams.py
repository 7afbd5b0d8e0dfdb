from random import Random

import pytest

from lib.constants import NS_PER_MINUTE
from lib.venue.refusals import Refusal
from lib.venue.user_streams import ListenKeys

HOUR_NS = 60 * NS_PER_MINUTE


def test_key_lives_an_hour_from_its_last_renewal() -> None:
    keys = ListenKeys(Random(1))
    key = keys.create("main", 0)
    assert len(key) == 64
    assert keys.create("main", 50 * NS_PER_MINUTE) == key, "asking again renews the same key"
    assert keys.expired(HOUR_NS) == []
    assert keys.renew("main", 100 * NS_PER_MINUTE) == key
    assert keys.expired(159 * NS_PER_MINUTE) == []
    assert keys.expired(160 * NS_PER_MINUTE) == [key]
    assert keys.account(key) is None
    with pytest.raises(Refusal, match="-1125"):
        keys.renew("main", 160 * NS_PER_MINUTE)
    assert keys.create("main", 161 * NS_PER_MINUTE) != key


def test_each_account_has_its_own_key() -> None:
    keys = ListenKeys(Random(1))
    first, second = keys.create("a", 0), keys.create("b", 0)
    assert first != second
    assert (keys.account(first), keys.account(second)) == ("a", "b")
    assert keys.close("a") == first
    assert keys.close("a") is None
    assert keys.key("b") == second
