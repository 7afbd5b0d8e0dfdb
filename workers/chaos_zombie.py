"""Asks for an order as a bot whose life is over would."""

from datetime import UTC, datetime

import zmq

from lib.bus import endpoints
from lib.bus.protocol import Method, OrderIntent, Request, decode_reply
from lib.bus.request_sockets import Client
from lib.chaos.ids import mark_of
from lib.constants import NS_PER_SECOND, Side
from lib.exchange.replies import pack_intents
from workers.chaos_system import System

ANSWER_SECONDS = 3.0
CONNECT_SECONDS = 5.0


async def ask_as_dead(
    system: System, owner: str, incarnation: int, qty: str, price: str
) -> tuple[str, str]:
    """Send a `post` of an ended life; return (order id, answer), or ("", why it was not sent).

    Args:
        system: Where.
        owner: `<bot>:<SYMBOL>`.
        incarnation: Number of the ended life.
        qty: Base quantity to buy.
        price: Limit price.
    """
    timer = system.timer
    now_ns = timer.Timestamp()
    when = datetime.fromtimestamp(now_ns // NS_PER_SECOND, UTC)
    micros = now_ns % NS_PER_SECOND // 1000
    client_id = f"{mark_of(system.drill.project, owner)}-{when:%Y%m%d.%H%M%S}.{micros:06d}"
    symbol = owner.rpartition(":")[2]
    intent = OrderIntent(
        id=client_id,
        symbol=symbol,
        side=Side.BUY.value,
        qty=qty,
        price=price,
        stop=False,
        post_only=False,
        reduce_only=False,
        tag="",
        market_ns=now_ns,
    )
    deadline_ns = timer.Monotonic() + round(ANSWER_SECONDS * NS_PER_SECOND)
    request = Request(Method.POST, deadline_ns, owner, incarnation, pack_intents([intent]))
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    client = Client(context, endpoints.ipc(system.run_dir, endpoints.ORDERS))
    answers: list[str] = []

    async def sent() -> bool:
        return client.send(b"zombie", request)

    async def answered() -> bool:
        answers.extend(decode_reply(payload)[0] for _, payload in client.receive())
        return bool(answers)

    try:
        if not await system.until(sent, CONNECT_SECONDS):
            return "", "no exchange worker took the request"
        await system.until(answered, ANSWER_SECONDS)
    finally:
        client.close()
        context.term()
    return client_id, answers[0] if answers else "no answer"
