"""Recordings of markets: one documented file format, its writer, its reader, its tools."""
