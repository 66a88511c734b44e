"""Chinese names in pinyin: which words can be one, so that two different names are not taken for a slip of the pen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_INITIAL: Final = "zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]"
_FINAL: Final = (
    "iang|iong|uang|iao|ian|ing|uai|uan|ang|eng|ong|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|ve|a|e|i|o|u|v"
)
_PINYIN: Final = re.compile(f"(?:(?:{_INITIAL})?(?:{_FINAL})){{1,3}}").fullmatch
_FREQUENT: Final = """
wang li zhang liu chen yang zhao huang zhou wu xu sun hu zhu gao lin he guo ma luo liang song zheng xie han tang
feng yu dong xiao cheng cao yuan deng fu shen zeng peng lu su jiang cai jia ding wei xue ye yan pan du dai xia zhong
tian ren fan fang shi yao tan liao zou xiong jin hao kong bai cui kang mao qiu qin gu hou shao meng long wan duan
qian yin chang qiao lai gong pang fei
"""
_FAMILIES: Final = frozenset(_FREQUENT.split())


def is_chinese(words: Sequence[str]) -> bool:
    """Whether a name can be one in pinyin: a frequent family name first or last, and nothing but syllables."""
    if not 2 <= len(words) <= 4 or (words[0] not in _FAMILIES and words[-1] not in _FAMILIES):
        return False
    return all(_PINYIN(word) for word in words)
