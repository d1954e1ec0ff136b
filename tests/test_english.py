"""English stems: each rule, each exception, and any word as Snowball stems it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snowballstemmer.english_stemmer import EnglishStemmer

from searchidx.english import stem

SNOWBALL = EnglishStemmer().stemWord
"""Their own, in Python, where snowballstemmer would hand over to PyStemmer."""

WORDS = {
    "words of one or two letters": "a>a is>is by>by 's>'s 'a>'a us>us",
    "special words": """
        skies>sky skis>ski sky>sky skying>ski idly>idl gently>gentl ugly>ugli early>earli
        earlier>earlier only>onli singly>singl news>news newses>news howe>howe howes>how
        atlas>atlas atlases>atlas cosmos>cosmos bias>bias biases>bias andes>andes
    """,
    "apostrophes": """
        girl's>girl girls'>girl girl's'>girl 'tis>tis 'girls'>girl o'clock>o'clock
        o'clocks>o'clock ''girl>'girl girl''>girl' ''s> sky's>ski 'sky>ski 'ed>ed 'dying>die
    """,
    "y as a consonant": """
        energyy>energyy byyry>byyri byyness>byy yes>yes yoga>yoga saying>say boyish>boyish
        youth>youth syzygy>syzygi yying>yie buoyed>buoy toying>toy yyes>yye abbeying>abbey
    """,
    "1a sses": "caresses>caress dresses>dress sses>ss",
    "1a ied ies": """
        ties>tie cries>cri died>die cried>cri lies>lie ieds>i tied>tie flies>fli skied>ski
        'ies>ie
    """,
    "1a s": """
        acupoints>acupoint gtpases>gtpase gas>gas this>this gaps>gap kiwis>kiwi bees>bee
        cats>cat oxes>oxe was>was days>day shys>shys
    """,
    "1a us ss": "focus>focus bus>bus abyss>abyss pass>pass us's>us gauss>gauss",
    "1b eed": """
        seaweeds>seawe agreed>agre agreedly>agre feed>feed bleed>bleed guaranteed>guarante
        heedly>heed
    """,
    "1b eed that stays": """
        succeed>succeed proceeds>proceed exceed>exceed succeedly>succeed exceeded>exceed
        unsucceed>unsucce
    """,
    "1b ed ing": """
        plastered>plaster bled>bled red>red sing>sing motoring>motor markedly>mark jokingly>joke
        ring>ring king>king aing>a wanted>want ying>ying
    """,
    "1b nouns": """
        inning>inning innings>inning outing>outing canning>canning herring>herring
        earrings>earring evening>evening innings'>inning bearing>bear inningly>in outings>outing
        uncanning>uncan eveningly>even herringed>herring
    """,
    "1b ying": """
        dying>die lies>lie lying>lie tying>tie vying>vie dyings>die undying>undi flying>fli
        aying>aye yying>yie
    """,
    "1b at bl iz": """
        acylated>acyl anodized>anod timetabling>timet conflated>conflat troubling>troubl
        sized>size hatting>hat fabled>fabl
    """,
    "1b double": """
        hopping>hop hummed>hum tanned>tan rubbed>rub bedded>bed cuffed>cuf bagged>bag
        starring>star fitted>fit lapping>lap
    """,
    "1b no double": """
        challenging>challeng falling>fall hissing>hiss fizzed>fizz backed>back rolled>roll
        added>add egging>egg offed>off erring>err ebbed>ebb inned>in upped>up uppings>up
        odding>odd
    """,
    "1b short": """
        delivered>deliv dyed>dy organed>organe detectiving>detectiv hoping>hope filed>file
        failing>fail owed>owe iced>ice axed>axe boxing>box snowed>snow playing>play bathed>bath
        used>use pasting>paste pasted>paste repasted>repast bused>buse shred>shred
        embedded>embed vexed>vex aying>aye
    """,
    "1c": """
        cry>cri by>by say>say happy>happi shy>shi enjoy>enjoy dry>dri ay>ay ayy>ayi dyly>dyli
        city>citi
    """,
    "2": """
        agitational>agit acylation>acyl atomizer>atom bimodality>bimod cumulativeness>cumul
        educationally>educ adjacency>adjac adjuvancy>adjuv inducibly>induc eligibility>elig
        strongly>strong friendly>friend yearly>year rational>ration valency>valenc
        vacancy>vacanc comfortably>comfort intently>intent organizer>organiz realization>realiz
        relational>relat creation>creation operator>oper federalism>feder formality>formal
        formally>formal joyfulness>joy dangerously>danger callousness>callous decisiveness>decis
        sensitivity>sensit sensibility>sensibl possibly>possibl pedagogist>pedagog
        apology>apolog wonderfully>wonder ruthlessly>ruthless quickly>quick
    """,
    "2 li": """
        publicly>public badly>bad freely>freeli largely>larg highly>high weekly>week calmly>calm
        openly>open poorly>poor partly>part
    """,
    "2 that does not fire": """
        demagogy>demagogi quently>quentli animalis>animali cannabis>cannabi oily>oili
        fuzzily>fuzzili deeply>deepli family>famili rely>reli nation>nation ration>ration
        tional>tional ator>ator slogy>slogi logy>logi yogi>yogi geogist>geogist axli>axli
        bli>bli inli>in cruelly>cruelli apply>appli jolly>jolli holily>holili silently>silent
    """,
    "3": """
        eradicate>erad genetics>genet conditional>condit dimensional>dimension national>nation
        formalize>formal duplicate>duplic electricity>electr electrical>electr hopeful>hope
        goodness>good formative>format demonstrative>demonstr relative>relat negative>negat
        iciti>iciti
    """,
    "3 that does not fire": """
        intestinal>intestin peripentonal>peripenton unationl>unationl generosness>generos
        arsenouness>arsenou native>nativ ical>ical useful>use awful>aw iness>iness
        fational>fation
    """,
    "4": """
        excellence>excel activism>activ wasteful>wast revival>reviv allowance>allow
        inference>infer airliner>airlin gyroscopic>gyroscop adjustable>adjust defensible>defens
        irritant>irrit replacement>replac adjustment>adjust dependent>depend communism>communism
        activate>activ angularity>angular homologous>homolog effective>effect bowdlerize>bowdler
        adoption>adopt decision>decis opinion>opinion
    """,
    "4 that does not fire": """
        actuellement>actuel archaeal>archaeal adjustabl>adjustabl final>final dance>danc
        fence>fenc her>her topic>topic table>tabl edible>edibl ant>ant cement>cement
        moment>moment agent>agent prism>prism state>state city>citi famous>famous alive>aliv
        prize>prize station>station million>million region>region mention>mention
        element>element comment>comment
    """,
    "4 longest": """
        placement>placement basement>basement statement>statement argument>argument
        department>depart
    """,
    "5 e": """
        probate>probat rate>rate cease>ceas bake>bake love>love eye>eye shoe>shoe abate>abat
        able>abl hope>hope live>live ale>ale one>one past>past paste>paste pastes>paste
        xpaste>xpaste axe>axe owe>owe
    """,
    "5 l": """
        llll>llll challeng>challeng controll>control roll>roll fall>fall cell>cell excell>excel
        distill>distil parallel>parallel expell>expel
    """,
    "where r1 starts": """
        commutator>commut latently>latent univeral>univer arse>ars arsenal>arsenal
        arsenic>arsenic community>communiti communion>communion communal>communal
        emergency>emergenc emerge>emerg generate>generat general>general generously>generous
        intern>intern international>internat interest>interest lateral>lateral later>later
        organization>organiz organ>organ organic>organic paste>paste pastes>paste past>past
        pasty>pasti universe>univers university>universiti universal>universal
    """,
    "where r2 starts": """
        beautiful>beauti beauty>beauti beau>beau animadversion>animadvers sprinkled>sprinkl
        eucharist>eucharist
    """,
    "other letters": """
        façades>façad naïvely>naïv épées>épées 東京s>東京s ﬀing>ﬀing мирs>мирs 😀ing>😀ing ıng>ıng
        ßes>ßes jalapeños>jalapeño
    """,
    "several steps": """
        photographs>photograph photographing>photograph photographer>photograph
        recognition>recognit recognitions>recognit vietnamization>vietnam nationalization>nation
        generalizations>general oscillators>oscil hopefulness>hope sensationalism>sensat
        conventionally>convent
    """,
}
"""Words and their stems, by the step that they are about."""


@pytest.mark.parametrize("words", WORDS.values(), ids=list(WORDS))
def test_each_rule_and_each_exception(words: str) -> None:
    expected = dict(pair.split(">") for pair in words.split())
    assert {word: stem(word) for word in expected} == expected


@pytest.mark.parametrize("words", WORDS.values(), ids=list(WORDS))
def test_each_word_has_the_stem_that_snowball_gives_it(words: str) -> None:
    expected = dict(pair.split(">") for pair in words.split())
    assert {word: SNOWBALL(word) for word in expected} == expected


STARTS = (
    "arsen commun emerg gener inter later organ past univers sk skies idl gentl ugl earl onl singl "
    "new howe atlas cosmos bias andes succ proc exc inn out cann herr earr even"
)
LETTERS = (
    "a e i o u y w x b bb d dd f ff g gg l ll m mm n nn p pp r rr t tt s ss v z c h k ch st ay ey "
    "oy at bl iz é ß ı 東 '"
)
ENDINGS = (
    "eed eedly ed edly ing ingly ying ied ies sses s ss us y ly li "
    "tional enci anci abli entli izer ization ational ation ator alism aliti alli fulness ousli "
    "ousness iveness iviti biliti bli ogist ogi logi fulli lessli alize icate iciti ical ative "
    "ful ness al ance ence er ic able ible ant ement ment ent ism ate iti ous ive ize sion tion "
    "ion e l ll ity ency ancy ably bly ogy ology fully lessly ously ally ality ibility ivity icity "
    "' 's 's'"
)


def parts(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from(text.split())


BASES = st.one_of(
    st.lists(parts(LETTERS), max_size=4).map("".join),
    parts(STARTS),
    st.tuples(parts(STARTS), parts(LETTERS)).map("".join),
)


@settings(max_examples=500)
@given(st.sampled_from(["", "", "", "'", "y"]), BASES, st.just("") | parts(ENDINGS))
def test_any_base_and_endings_are_stemmed_as_snowball_does(
    start: str, base: str, last: str
) -> None:
    words = [start + base + ending + last for ending in ENDINGS.split()]
    assert list(map(stem, words)) == list(map(SNOWBALL, words))


@given(st.text(st.characters(exclude_categories=["Lu", "Lt"])))
def test_any_text_without_capitals_is_stemmed_as_snowball_does(word: str) -> None:
    assert stem(word) == SNOWBALL(word)
