"""Every hostile resource, by theme."""

from hostile.resources import fields, reach, settings, sizes, texts

THEMES = (fields.THEME, texts.THEME, sizes.THEME, reach.THEME, settings.THEME)
