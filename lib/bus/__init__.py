"""The bus between Tickvisor's processes: messages, frames, sockets.

Import from the modules: `lib.bus.protocol`, `lib.bus.sequence` and `lib.bus.requests` are pure;
`lib.bus.endpoints`, `lib.bus.sockets`, `lib.bus.request_sockets`, `lib.bus.aio`, `lib.bus.start`.
"""
