"""How far apart two countries are at the least.

The table is generated from Natural Earth's 1:10m boundaries (public domain, through the npm package world-atlas 2.0.2): for
each country the smallest circle around its main land, the pieces of at least 3 % of its largest one, as latitude, longitude
and radius in kilometres, the circle widened by what rounding the centre to whole degrees moves it. Land that has a code of
its own (French Guiana, Svalbard) counts there. What lies outside the circles is a few remote islands, such as Hawaii.
"""

from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from typing import Final

EARTH_RADIUS_KM: Final = 6371

_TABLE: Final = """
AD 43 2 80, AE 25 54 290, AF 34 68 820, AG 17 -62 90, AI 18 -63 40, AL 41 20 190, AM 40 45 190, AO -12 18 910,
AR -37 -66 1740, AS -14 -170 100, AT 48 13 310, AU -27 133 2080, AW 13 -70 70, AX 60 20 50, AZ 40 48 300,
BA 44 17 220, BB 13 -60 70, BD 24 90 440, BE 50 4 190, BF 11 -2 500, BG 43 25 310, BH 26 51 60, BI -3 30 180,
BJ 9 2 390, BL 18 -63 30, BM 32 -65 60, BN 4 115 130, BO -16 -64 870, BQ 15 -66 430, BR -13 -55 2330,
BS 24 -76 450, BT 27 90 210, BW -23 24 610, BY 53 28 360, BZ 17 -89 190, CA 63 -93 2500, CD -4 23 1290,
CF 6 21 740, CG -1 15 650, CH 47 8 200, CI 7 -6 460, CK -15 -158 780, CL -36 -69 2110, CM 7 13 700,
CN 42 103 2570, CO 4 -71 950, CR 10 -84 250, CU 21 -80 620, CV 16 -24 190, CW 12 -69 50, CY 35 33 170,
CZ 50 15 290, DE 51 10 450, DJ 12 42 160, DK 56 11 200, DM 15 -61 90, DO 19 -70 230, DZ 28 2 1180,
EC -2 -78 400, EE 59 25 220, EG 27 31 830, EH 24 -13 600, ER 15 40 430, ES 41 -3 600, ET 8 40 880,
FI 65 25 590, FJ -18 179 240, FK -52 -59 150, FM 8 151 1440, FO 62 -7 70, FR 47 2 560, GA -1 12 390,
GB 54 -4 530, GD 12 -62 90, GE 42 43 320, GF 4 -54 270, GG 50 -2 80, GH 8 -2 420, GI 36 -5 40, GL 72 -42 1350,
GM 13 -15 210, GN 10 -11 460, GP 16 -61 100, GQ 2 10 250, GR 38 24 470, GS -54 -37 120, GT 16 -90 300,
GU 13 145 80, GW 12 -15 200, GY 5 -59 450, HK 22 114 70, HM -53 74 60, HN 15 -86 370, HR 45 16 270,
HT 19 -73 170, HU 47 19 320, ID -2 118 2670, IE 53 -9 290, IL 31 35 280, IM 54 -5 70, IN 22 83 1670,
IO -7 72 120, IQ 33 44 550, IR 33 54 1150, IS 65 -19 270, IT 42 12 660, JE 49 -2 40, JM 18 -77 150,
JO 31 37 320, JP 38 137 1000, KE 0 38 660, KG 41 75 520, KH 13 105 340, KI -4 -170 2180, KM -12 44 110,
KN 17 -63 60, KP 40 128 380, KR 36 127 320, KW 29 48 150, KY 20 -81 140, KZ 51 67 1520, LA 18 105 610,
LB 34 36 140, LC 14 -61 40, LI 47 10 50, LK 8 80 260, LR 6 -9 320, LS -30 28 180, LT 55 24 230, LU 50 6 70,
LV 56 25 270, LY 27 19 1010, MA 28 -10 1090, MC 44 7 50, MD 47 28 180, ME 43 19 140, MF 18 -63 20,
MG -19 47 830, MH 8 169 430, MK 42 22 170, ML 17 -4 970, MM 19 98 1070, MN 49 104 1220, MO 22 114 60,
MP 17 145 400, MQ 15 -61 70, MR 21 -11 850, MS 17 -62 50, MT 36 14 60, MU -20 60 370, MV 3 73 450,
MW -13 34 480, MX 26 -102 1700, MY 6 110 1100, MZ -19 37 1020, NA -21 18 900, NC -21 166 240, NE 18 8 940,
NF -29 168 20, NG 9 9 760, NI 13 -85 300, NL 52 6 190, NO 65 16 920, NP 28 84 440, NR -1 167 60,
NU -19 -170 30, NZ -41 171 760, OM 21 55 530, PA 9 -80 350, PE -9 -73 1090, PF -18 -142 1130, PG -6 146 740,
PH 12 123 780, PK 31 69 980, PL 52 19 440, PM 47 -56 40, PN -25 -129 120, PR 18 -66 150, PS 32 35 120,
PT 40 -8 350, PW 6 133 400, PY -24 -59 570, QA 25 51 140, RE -21 56 90, RO 46 25 390, RS 44 21 280,
RU 66 91 3960, RW -2 30 150, SA 25 45 1170, SB -9 161 730, SC -7 51 620, SD 15 30 1070, SE 62 16 820,
SG 1 104 60, SH -24 -12 1840, SI 46 15 140, SJ 79 20 290, SK 49 20 250, SL 8 -12 240, SM 44 12 40,
SN 14 -14 400, SO 5 46 960, SR 4 -56 300, SS 7 30 710, ST 1 7 130, SV 14 -89 160, SX 18 -63 20, SY 35 39 400,
SZ -27 32 160, TC 22 -72 120, TD 15 17 950, TF -49 70 120, TG 9 1 330, TH 13 101 840, TJ 38 71 380,
TL -9 126 220, TM 40 60 670, TN 34 10 430, TO -19 -175 390, TR 39 36 880, TT 11 -61 150, TV -8 178 340,
TW 24 121 240, TZ -6 35 780, UA 49 31 670, UG 1 32 430, UM 33 -134 6060, US 52 -107 3730, UY -32 -56 350,
UZ 43 65 770, VA 42 12 40, VC 13 -61 50, VE 7 -67 810, VG 19 -65 90, VI 18 -65 60, VN 16 105 830,
VU -17 169 410, WF -14 -177 140, WS -14 -172 100, XK 43 21 140, YE 16 48 620, YT -13 45 50, ZA -28 25 950,
ZM -13 28 750, ZW -19 29 500
"""
_CIRCLES: Final = {
    code: (int(latitude), int(longitude), int(radius))
    for code, latitude, longitude, radius in (row.split() for row in _TABLE.split(","))
}


@lru_cache(maxsize=4096)
def least_km(one: str, other: str) -> int | None:
    """Kilometres between the nearest points of two countries' circles, 0 where these meet; None for an unknown code.

    Never more than the true distance between two places on the main land of the two.
    """
    if one not in _CIRCLES or other not in _CIRCLES:
        return None
    (lat_1, lon_1, radius_1), (lat_2, lon_2, radius_2) = _CIRCLES[one], _CIRCLES[other]
    half_lat, half_lon = radians(lat_2 - lat_1) / 2, radians(lon_2 - lon_1) / 2
    chord = sin(half_lat) ** 2 + cos(radians(lat_1)) * cos(radians(lat_2)) * sin(half_lon) ** 2
    return max(0, int(2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))) - radius_1 - radius_2)
