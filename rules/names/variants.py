"""Given names that are forms of one name in several languages, and short forms of them.

Spellings that sound alike meet by their sound and are not listed. The groups are those of everyday use, written for
Lockgate; a form may stand in one group only, so that a chain of short forms cannot join different names.
"""

from __future__ import annotations

from typing import Final

from rules.names.sound import sound

_GROUPS: Final = """
alexander alexandros alejandro alessandro alexandre oleksandr iskander iskandar alex sasha aleksandar aliaksandr
eugene evgeny yevgeny evgeni eugen eugenio yevhen evgeniy jewgeni
sergey sergei serhiy serhii siarhei sergio serge sergejs
dmitry dmitri dmytro dzmitry demetrius dimitri dimitrios
vladimir volodymyr uladzimir wladimir vladimirs volodimir
mikhail mykhailo mykhaylo michael miguel michel michele mihail misha mike
nikolay mykola nicolas nicholas nikolaos nikolaus nicola mikalai nicolae
andrey andriy andrew andreas andre andrei andrej andrzej andres
pavel pavlo paul pablo paolo pawel paulo
pyotr petro peter pedro pierre pietro petr piotr petros
ivan john johann juan giovanni johannes hans ioannis jean joao jan yahya
yuri yuriy yury george georgiy georgy giorgi jorge georg heorhii jerzy giorgio jiri iouri georges
joseph josef jose giuseppe yusuf youssef yousef yosef iosif osip josip yusup
jacob yakov yakub yaqub iakov jacques james jaime giacomo jakob
david davud dawud daoud dawood dawid
solomon suleiman sulaiman suleyman sulayman soliman shlomo
moses musa moussa moshe mousa moishe
isaac ishaq isaak itzhak yitzhak
abraham ibrahim ebrahim avraham brahim
catherine ekaterina yekaterina kateryna katarina katherine kate caterina
helen elena yelena olena helena
anna hanna ann anne ana
mary maria marie mariya mariam maryam miriam
elizabeth yelizaveta elisabeth isabel elisaveta
julia yulia yuliya iuliia giulia
natalia natalya nataliya natasha nathalie
olga volha olha
tatiana tatyana tetiana tanya
oleg oleh aleh
igor ihor ihar
konstantin kostyantyn constantine costantino
stepan stephen steven stefan esteban etienne stefano istvan
grigory hryhorii gregory gregorio grzegorz
anatoly anatoliy anatolii anatole
vasily vasyl basil vasiliy vasilis
matthew matvey mateo matteo matthias mathieu mateusz
luke luka lucas lukas luca
mark marcus marko marek marco markus
philip filip felipe philippe filippo
francis francisco francesco francois franz frank fco
charles carlos karl carlo karol
henry heinrich enrique henri enrico
william guillermo wilhelm guillaume guglielmo bill will wm
louis luis ludwig luigi
robert roberto bob rob
richard ricardo riccardo dick rick
edward eduardo eduard edoardo ted
thomas tomas tommaso tom
anthony antonio anton antoine tony
benjamin ben binyamin benjamim bibi benny
barack barak barry
daniel danil danila daniyal daniele dan
joshua iesus yehoshua
christopher kristof cristobal christophe chris christoph
frederick federico frederic fred frederik
lawrence laurent lorenzo lars laurentiy
geoffrey jeffrey jeff geoff
leonard leonardo leonid leo
maxim maksim maksym maxime max
ilya illia elias elijah ilyas ilia
timothy timofey tymofiy tim
khalid haled khaled halid
hussein husain hossein husayn huseyn hocine xuseen
qasim kasim gasim kassem qassem
gamal jamal djamal cemal jamaal
mahmud mahmoud mehmood
muhammad mohammed mohamed mehmet mahomed mohammad mohamad muhammed magomed mukhamed maxamed mohd mhd md
ahmad ahmed ahmet akhmed akhmad achmad axmed
usman osman uthman othman ousmane
umar omar omer oumar cumar
hasan hassan hacene xasan
abdullah abdallah abdulla abdoulaye
mustafa mostafa moustapha mustapha
rashid rachid rasheed
said saeed saeid saiid
yunus younes younis yunis
ayman aiman aymen
zayn zain zein zine
nasr nasser nasir naser
uday odai udai
tariq tarek tarik
zhang chang cheung
chen chan chin
wang wong
huang hwang wong
li lee
zhou chow chou
zhu chu
wu ng
liu lau
xu hsu
cai tsai choi
guo kuo kwok
"""


def _groups() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, line in enumerate(_GROUPS.strip().splitlines()):
        for name in line.split():
            found.setdefault(sound(name), set()).add(number)
    return {key: frozenset(numbers) for key, numbers in found.items()}


_GROUPS_OF: Final = _groups()
_NONE: Final[frozenset[int]] = frozenset()
_MEMBERS: Final = {
    number: tuple(sorted(key for key, numbers in _GROUPS_OF.items() if number in numbers))
    for number in sorted({number for numbers in _GROUPS_OF.values() for number in numbers})
}

_FORMS: Final = {
    one: tuple(key for number in sorted(numbers) for key in _MEMBERS[number]) for one, numbers in _GROUPS_OF.items()
}


def groups(one: str) -> frozenset[int]:
    """The groups that have a name, given by its sound: two names that share a group are forms of one."""
    return _GROUPS_OF.get(one, _NONE)


def forms(one: str) -> tuple[str, ...]:
    """The sounds of all forms of a name, given by its sound; nothing when it has none."""
    return _FORMS.get(one, ())
