from lib.stream.latency import Latencies


def test_no_latency_is_zero() -> None:
    assert Latencies().percentile(0.5) == 0


def test_percentiles_of_the_newest() -> None:
    latencies = Latencies(remembered=100)
    for value in range(1_000):
        latencies.see(value)

    assert latencies.percentile(0.5) == 950
    assert latencies.percentile(0.99) == 999
    assert latencies.percentile(1.0) == 999
