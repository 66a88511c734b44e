"""Chinese characters of Korean names, read as Koreans read them.

The table holds characters that are frequent in Korean family and given names (written for Lockgate; readings are those
of the South's standard). A name with a character outside the table, or without a Korean family name, has no Korean reading.
"""

from __future__ import annotations

import re
from typing import Final

_READINGS: Final = """
가佳嘉家可 각珏 간幹 갑甲 강姜康江剛强岡 개凱 건建健乾件 걸傑杰 검儉 경景京慶敬庚耕鏡炯瓊經卿 계桂啓季溪 고高
공孔公功恭 과果 곽郭 관寬官觀 광光廣洸 교敎校喬 구具九求 국國菊鞠 권權 귀貴龜 규圭奎揆規珪 균均 극克極
근根槿勤近 금今琴錦 기基奇期起璣箕琪驥氣機基紀 길吉 김金 나羅那奈娜 낙洛樂 남南男楠 내乃 노盧魯 녕寧 다多 단丹
달達 담潭 대大 덕德悳 도道都度燾 동東同棟董童 두斗杜 득得 등登 란蘭 래來 량亮良 려麗呂 련蓮 렬烈 령玲令 례禮
로路 록祿綠 룡龍 류柳 률律 리里利理李 린麟 림林 마馬 만萬滿 말末 맹孟 면冕 명明命銘鳴 모毛 목睦 묘妙 무武茂 묵默
문文汶門 미美米 민民敏旻閔珉 박朴博 반潘半 방方房邦 배裵裴培 백白百伯 범範凡 법法 벽碧 변卞邊 별別 병炳秉丙柄
보寶普甫 복福復 봉奉鳳峰 부夫富 분分 북北 비飛毘 빈彬斌賓 사史四思 삭朔 산山 삼三 상相尙商祥常 서徐瑞西書緖
석石錫碩奭晳 선宣善仙先璇 설薛雪 섭燮涉 성成星聖晟性城誠 세世洗 소蘇素昭小 손孫 솔率 송宋松 수秀壽洙水守受修珠
숙淑肅 순順淳舜純 술述 숭崇 승承昇勝丞 시時始施詩 식植式湜 신申辛信新愼 실實 심沈心 아雅娥 안安 애愛 야野
양梁楊洋陽 억億 언彦 엄嚴 여余如 연延燕淵蓮姸 열烈 염廉 엽葉 영英永榮泳映瑛寧暎 예藝芮 오吳五悟 옥玉沃鈺 온溫
완完莞 왕王 요堯耀 용龍容勇鎔用 우禹宇佑雨友祐 욱旭昱煜 운雲運云 웅雄 원元源遠媛 월月 위魏 유兪庾劉有裕維唯 육陸
윤尹允潤胤 율律 융隆 은恩銀殷 을乙 음音 응應 의義儀 이李伊怡 익益翼翊 인仁寅仁印 일日一逸 임任林 자子慈
장張章莊長壯 재在宰載材栽才哉 전全田錢 정鄭正丁貞靜廷政庭楨禎晶定 제諸濟帝 조趙曺祖朝 종鍾宗種 좌左 주朱周珠柱宙
준俊準峻濬 중中重 지池智志芝知 진陳眞珍鎭進振晉秦 집集 차車次 찬燦贊 창昌蒼彰 채蔡采彩 천千天川泉 철哲喆鐵澈
청淸 초初 촌村 최崔 추秋 춘春 충忠 치致治 칠七 쾌快 탁卓 태泰太兌台 택澤 통統 평平 표表 필弼必 하河夏 학學鶴
한韓漢翰 함咸 항恒 해海 행行 향香 허許 헌憲獻軒 혁赫爀革 현玄賢鉉顯炫 형亨衡馨型 혜惠慧 호浩鎬虎昊湖豪 홍洪弘
화和花華化 환煥桓 황黃 회會 효孝曉 후厚 훈勳薰訓勛 휘輝徽 흠欽 흥興 희熙喜姬希禧 혁奕
"""
_FAMILY: Final = frozenset(
    "金李朴崔鄭姜趙尹張林韓吳徐申權黃安宋柳洪全高文孫梁裵裴白曺許南沈盧丁成郭車具禹朱任羅辛閔池陳嚴元蔡千"
    "方楊孔玄康咸卞廉呂秋都石蘇薛宣周吉馬延表魏明奇王琴潘玉陸印諸卓鞠田劉"
)
_SIMPLIFIED: Final = str.maketrans(
    "郑赵张吴权黄孙梁许卢车罗陈严杨吕苏马陆诸刘宪龙国东荣胜铁钟贤显镇铉勋炼顺寿贞静银镐义学焕晓兴姬泽尧韩俞尔凤庆广丽兰来礼",
    "鄭趙張吳權黃孫梁許盧車羅陳嚴楊呂蘇馬陸諸劉憲龍國東榮勝鐵鍾賢顯鎭鉉勳煉順壽貞靜銀鎬義學煥曉興姬澤堯韓兪爾鳳慶廣麗蘭來禮",
)


def _table() -> dict[str, str]:
    found: dict[str, str] = {}
    for reading, characters in re.findall("([\uac00-\ud7a3])([\u3400-\u9fff]+)", _READINGS):
        for character in characters:
            found.setdefault(character, reading)
    return found


_KOREAN: Final = _table()
_NOT_HAN: Final = re.compile(r"[\s\u3000]+")


def korean_reading(text: str) -> str | None:
    """The Hangul of a Korean name of two to four Chinese characters, None when it is hardly one."""
    compact = _NOT_HAN.sub("", text).translate(_SIMPLIFIED)
    if not 2 <= len(compact) <= 4 or compact[0] not in _FAMILY:
        return None
    syllables = [_KOREAN.get(character, "") for character in compact]
    return "".join(syllables) if all(syllables) else None
