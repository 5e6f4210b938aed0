"""What a venue can do is data, and a connector that says nothing promises nothing dangerous."""

from __future__ import annotations

from robson_domain import Capabilities, Netting


def test_nothing_is_assumed_that_could_send_an_order_twice() -> None:
    plain = Capabilities(name="x")
    assert not plain.deduplicates_client_ids
    assert plain.netting is Netting.PAIR


def test_no_stop_is_sent_to_a_venue_that_says_nothing_of_stops() -> None:
    assert not Capabilities(name="x").resting_stops


def test_every_id_of_ours_fits_what_is_assumed() -> None:
    assert Capabilities(name="x").client_order_id_length_max >= 32
