"""A mark for every asset, drawn here: no logo of anybody has to be fetched."""

from zlib import crc32

from django import template

register = template.Library()


@register.filter
def hue(asset: str) -> int:
    """A colour angle that is always the same for an asset, and seldom its neighbour's."""
    return crc32(asset.encode()) * 47 % 360
