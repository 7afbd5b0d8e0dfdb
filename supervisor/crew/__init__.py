"""The workers of a run together: born, watched, healed, told what concerns all."""
