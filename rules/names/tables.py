"""Word lists of name screening, written for Lockgate (judgement; titles add to rigour's honorifics)."""

from typing import Final

TITLES: Final = """
jr sr ii iii iv phd esq retd sheikh shaykh sheik shaikh cheikh haji hajji hajj alhaj alhaji hadji hadj mullah mulla
molla maulana mawlana mawlawi maulvi moulvi mawlavi qari hafiz ustad ayatollah hojjatoleslam hojjat imam sayyid sayyed
sayed seyyed seyed syed sayid saiyid col gen maj lt brig capt cpt sgt cdr cmdr adm amb eng engr ing lic licenciado don
dona senora senor sra srta mrs ms comrade rev fr hon prof dr dra mag dipl minister marshal lieutenant major sergeant
commander commandante comandante mohtarma janab shri smt prince princess emir amir pasha bey prasident llc inc ltd
gmbh corp senior vice deputy acting former late
"""

# Words of rigour's honorifics that are no honorific by themselves: Field Marshal, The Most Honourable.
NO_TITLES: Final = """
the most right much company secretary chair field grand higness his her
"""

PARTICLES: Final = """
al el ul ud ad ar as ash at az an ad adh bin ben ibn bint abu abou umm oum bu ould wuld uld ag aw ap ab de del della
dela delle di du da do dos das des la las le les los lo der den dem van von vom zu zum zur ter ten te het und of the
and et for in on na za w ve und d o bar bat bn wld bnt
"""

ARTICLES: Final = """
l al el ul ol ar er ur as es us ash an en ad ed az ez at et
"""

# What stands before the name of a ship or aircraft.
VESSEL_PREFIXES: Final = """
mv mt ms ss fv mts mss tss mfv rv sv
"""

# Words so short that a misread digit makes them look like a number with a suffix: 0f, a1.
SHORT: Final = """
of al el la de le do in on and bin ibn abu sa llc ltd
"""

# By their sound: names so frequent in the world that they prove little.
FREQUENT: Final = """
muhamad ahmad ali hasan husain abdul abdulah kan kim li vang cang cen liu singh maria juan huse huan karlus luis
antuniu fransisku garkia
"""

# Letters that look like a Latin letter: Unicode's confusables (UTS 39) whose skeleton is one ASCII letter, as ICU 77 has
# them, with the Cyrillic and Greek small letters that look alike in most typefaces.
LOOK_ALIKES: Final = """
ɑa ɡg ɣy ɩi ɪi ɯw ʋu ʏy Αa Βb Εe Ζz Ηh Ιi Κk Μm Νn Οo Ρp Τt Υy Χx αa γy ιi νv οo ρp σo υu ϲc ϳj Ϲc Ϻm κk τt Ѕs Іi Јj
Аa Вb Еe Кk Мm Нh Оo Рp Сc Тt Уy Хx Ьb аa гr еe оo рp сc уy хx ѕs іi јj ѡw Ѵv ѵv Үy үy һh ҽe Ӏi ӏi ԁd Ԍg ԛq Ԝw ԝw кk
мm тt вb нh Սu Տs Օo աw գq զq հh ոn ռn սu ցg քf օo Ꭰd Ꭱr Ꭲt Ꭵi Ꭹy Ꭺa Ꭻj Ꭼe Ꮃw Ꮇm Ꮋh Ꮍy Ꮐg Ꮒh Ꮓz Ꮟb Ꮢr Ꮤw Ꮥs Ꮩv Ꮪs Ꮮl
Ꮯc Ꮲp Ꮶk Ꮷd Ᏻg Ᏼb ⲅr Ⲏh Ⲓl Ⲕk Ⲙm Ⲛn Ⲟo ⲟo Ⲣp ⲣp Ⲥc ⲥc Ⲧt Ⲩy Ⲭx Ⳑl ꓐb ꓑp ꓒd ꓓd ꓔt ꓖg ꓗk ꓙj ꓚc ꓜz ꓝf ꓟm ꓠn ꓡl ꓢs ꓣr ꓦv
ꓧh ꓪw ꓫx ꓬy ꓮa ꓰe ꓲl ꓳo ꓴu ყy ჿo
"""

# Words of Korean, Chinese and Japanese organisations in Latin letters, by what they mean.
MEANINGS: Final = """
TRADE: muyok muyeok mooyeok moyok maoyi boeki trading trade
CO: hoesa hoisa hwesa hoesha kaisha gaisha gongsi corporation company co corp chonghoesa
KOREA: korea korean choson chosun joseon chosen dprk corea
AIR: air airlines airline airways
ROYAL: royal koninklijke kongelige
BANK: unhaeng eunhaeng yinhang ginko
"""

# The same in their own writing, which leaves no space around them.
DENSE_WORDS: Final = """
company: 주식회사 유한회사 총회사 회사 公司 株式会社 株式會社
trading: 무역 贸易 貿易
bank: 은행 银行 銀行
korea: 조선 朝鲜 朝鮮
bureau: 총국
group: 그룹 集团 集團
international: 국제 国际 國際
shipping: 해운 선박 航运 船务 海运
united: 련합 연합
ltd: 有限责任公司 股份有限公司 有限公司
technology: 科技 技术
industry: 实业 산업 産業
electronics: 전자 电子 電子
motor: 자동차 自動車 汽车
energy: 에너지 能源
construction: 건설 建设 建設
development: 개발 发展 發展 開発
steel: 제철 钢铁 製鉄
oil: 석유 石油
chemical: 화학 化学 化工
insurance: 보험 保险 保険
securities: 증권 证券 証券
investment: 투자 投资 投資
airlines: 항공 航空
electric: 전기 电气 電機
logistics: 물류 物流
university: 대학교 大学 大學
"""
