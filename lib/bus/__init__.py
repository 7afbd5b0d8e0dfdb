"""The bus between Tickvisor's processes: messages, frames, sockets.

Import from the modules: `lib.bus.protocol` (pure), `lib.bus.sequence` (pure), `lib.bus.requests`
(pure), `lib.bus.endpoints`, `lib.bus.sockets`, `lib.bus.aio`, `lib.bus.start`.
"""
