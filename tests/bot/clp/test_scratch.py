from tests.bot.clp.rig import Rig
def test_x():
    r = Rig().start()
    print(r.venue.requests, r.prices("BUY"), r.bot.note)
    r.book(49980)
    print(r.venue.requests, r.prices("BUY"), r.bot.note)
    r.pass_time(5)
    print(r.venue.requests, r.prices("BUY"),  r.prices("SELL"), r.bot.note)
    r.book(49700)
    r.pass_time(5)
    r.book(49400)
    r.pass_time(5)
    print(r.venue.requests, r.prices("BUY"),  r.prices("SELL"), r.bot.note)
    r.bot.Clean()
    print(r.venue.requests, r.prices("BUY"),  r.prices("SELL"), r.bot.note)
    from tests.bot.market import MemoryLogger
    print("\n".join(map(str,MemoryLogger.lines)))
    assert 0
