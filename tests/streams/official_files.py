"""Files in the official formats, written to the published schemas; each holds the same three made-up parties.

A person with a weak alias, a name in Hangul, a date of birth and a passport; a company with two addresses; a ship.
"""

EVM = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"
BITCOIN = "1GqChmWqGtsaLrGbHfgdrV5Nkvahtjjuxr"
_OFAC = "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports"
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


def _enhanced_name(primary: str, names: list[tuple[str, str]], kind: str = "", weak: str = "false") -> str:
    spelled = "".join(
        f"<translation><isPrimary>{str(not i).lower()}</isPrimary><script>{script}</script>"
        f"<formattedFullName>{name}</formattedFullName></translation>"
        for i, (name, script) in enumerate(names)
    )
    alias = f"<aliasType>{kind}</aliasType>" if kind else ""
    return (
        f"<name><isPrimary>{primary}</isPrimary>{alias}<isLowQuality>{weak}</isLowQuality>"
        f"<translations>{spelled}</translations></name>"
    )


def _enhanced_feature(kind: str, value: str) -> str:
    return f"<feature><type>{kind}</type><value>{value}</value></feature>"


def enhanced(more: str = "") -> str:
    names = (
        _enhanced_name("true", [("KIM, Test Il", "Latin"), ("김테스트", "Hangul")])
        + _enhanced_name("false", [("KIM, T'est", "Latin")], "A.K.A.")
        + _enhanced_name("false", [("THE TESTER", "Latin")], "F.K.A.", "true")
    )
    person = (
        '<entity id="1"><generalInfo><entityType>Individual</entityType><title>Mr</title></generalInfo>'
        '<sanctionsLists><sanctionsList datePublished="2025-07-24">SDN List</sanctionsList>'
        '<sanctionsList datePublished="2025-08-01">Consolidated List</sanctionsList></sanctionsLists>'
        "<sanctionsPrograms><sanctionsProgram>DPRK3</sanctionsProgram></sanctionsPrograms>"
        f"<names>{names}</names><addresses><address><country>Korea, North</country></address></addresses><features>"
        + _enhanced_feature("Birthdate", "01 May 1980")
        + _enhanced_feature("Place of Birth", "Pyongyang")
        + _enhanced_feature("Gender", "Male")
        + _enhanced_feature("Nationality Country", "Korea, North")
        + "</features><identityDocuments><identityDocument><type>Passport</type><documentNumber>A1</documentNumber>"
        "<issuingCountry>Korea, North</issuingCountry></identityDocument></identityDocuments></entity>"
    )
    company = (
        '<entity id="2"><generalInfo><entityType>Entity</entityType><remarks>A front.</remarks></generalInfo>'
        '<sanctionsLists><sanctionsList datePublished="2024-01-02">SDN List</sanctionsList></sanctionsLists>'
        "<sanctionsPrograms><sanctionsProgram>NPWMD</sanctionsProgram></sanctionsPrograms>"
        f"<names>{_enhanced_name('true', [('TEST TRADING &amp; CO', 'Latin')])}</names><features>"
        + _enhanced_feature("Digital Currency Address - ETH", EVM)
        + _enhanced_feature("Digital Currency Address - XBT", BITCOIN)
        + "</features></entity>"
    )
    ship = (
        '<entity id="3"><generalInfo><entityType>Vessel</entityType></generalInfo>'
        '<sanctionsLists><sanctionsList datePublished="2023-01-02">SDN List</sanctionsList></sanctionsLists>'
        "<sanctionsPrograms><sanctionsProgram>DPRK4</sanctionsProgram></sanctionsPrograms>"
        f"<names>{_enhanced_name('true', [('TEST SHIP', 'Latin')])}</names>"
        f"<features>{_enhanced_feature('Vessel Flag', 'Togo')}</features>"
        "<identityDocuments><identityDocument><type>Vessel Registration Identification</type>"
        "<documentNumber>IMO 1234567</documentNumber></identityDocument></identityDocuments></entity>"
    )
    return (
        f'{HEAD}<sanctionsData xmlns="{_OFAC}/ENHANCED_XML"><publicationInfo><dataAsOf>2026-08-20T00:00:00</dataAsOf>'
        f"</publicationInfo><entities>{person}{company}{ship}{more}</entities></sanctionsData>"
    )


_SETS = {
    "AliasType": {"1400": "A.K.A.", "1401": "F.K.A.", "1403": "Name"},
    "Country": {"11": "Korea, North", "12": "Togo"},
    "DetailReference": {"91526": "Male"},
    "FeatureType": {
        "3": "Vessel Flag", "8": "Birthdate", "9": "Place of Birth", "10": "Nationality Country", "25": "Location",
        "26": "Title", "224": "Gender", "344": "Digital Currency Address - XBT", "345": "Digital Currency Address - ETH",
    },
    "IDRegDocType": {"1571": "Passport", "1626": "Vessel Registration Identification"},
    "List": {"1550": "SDN List"},
    "NamePartType": {"1520": "Last Name", "1521": "First Name", "1525": "Entity Name", "1526": "Vessel Name"},
    "PartyType": {"1": "Individual", "2": "Entity", "4": "Transport"},
    "SanctionsType": {"1": "Program", "1705": "Block"},
    "Script": {"215": "Latin", "999": "Hangul"},
}  # fmt: skip


def _reference_sets() -> str:
    sets = "".join(
        f"<{kind}Values>" + "".join(f'<{kind} ID="{number}">{word}</{kind}>' for number, word in words.items())
        + f"</{kind}Values>"
        for kind, words in _SETS.items()
    )  # fmt: skip
    subtypes = (
        '<PartySubType ID="1" PartyTypeID="4">Vessel</PartySubType><PartySubType ID="3" PartyTypeID="2">Unknown'
        '</PartySubType><PartySubType ID="4" PartyTypeID="1">Unknown</PartySubType>'
    )
    return f"<ReferenceValueSets>{sets}<PartySubTypeValues>{subtypes}</PartySubTypeValues></ReferenceValueSets>"


def _documented(parts: list[tuple[str, str]], script: str = "215") -> str:
    values = "".join(
        f'<DocumentedNamePart><NamePartValue NamePartGroupID="{group}" ScriptID="{script}">{value}</NamePartValue>'
        "</DocumentedNamePart>"
        for group, value in parts
    )
    return f"<DocumentedName>{values}</DocumentedName>"


def _advanced_party(number: str, subtype: str, aliases: str, groups: dict[str, str], features: str) -> str:
    grouped = "".join(
        f'<MasterNamePartGroup><NamePartGroup ID="{group}" NamePartTypeID="{kind}"/></MasterNamePartGroup>'
        for group, kind in groups.items()
    )
    return (
        f'<DistinctParty FixedRef="{number}"><Comment /><Profile ID="{number}" PartySubTypeID="{subtype}">'
        f'<Identity ID="7{number}" Primary="true">{aliases}<NamePartGroups>{grouped}</NamePartGroups></Identity>'
        f"{features}</Profile></DistinctParty>"
    )


def _advanced_alias(kind: str, primary: str, weak: str, names: str) -> str:
    return f'<Alias AliasTypeID="{kind}" Primary="{primary}" LowQuality="{weak}">{names}</Alias>'


def _advanced_feature(kind: str, detail: str) -> str:
    return f'<Feature FeatureTypeID="{kind}"><FeatureVersion>{detail}</FeatureVersion></Feature>'


def _advanced_date(year: str, month: str, day: str) -> str:
    return f"<Year>{year}</Year><Month>{month}</Month><Day>{day}</Day>"


def advanced_period(begin: tuple[str, str, str], end: tuple[str, str, str], circa: str = "false") -> str:
    first, last = _advanced_date(*begin), _advanced_date(*end)
    return (
        f'<DatePeriod><Start Approximate="{circa}"><From>{first}</From><To>{first}</To></Start>'
        f'<End Approximate="{circa}"><From>{last}</From><To>{last}</To></End></DatePeriod>'
    )


def advanced(birth: str = "") -> str:
    day = ("1980", "5", "1")
    person = _advanced_party(
        "1", "4",
        _advanced_alias("1403", "true", "false", _documented([("a", "KIM"), ("b", "Test Il")])
                        + _documented([("c", "김테스트")], "999"))
        + _advanced_alias("1400", "false", "false", _documented([("a", "KIM"), ("b", "T'est")]))
        + _advanced_alias("1401", "false", "true", _documented([("a", "THE TESTER")])),
        {"a": "1520", "b": "1521", "c": "1520"},
        _advanced_feature("8", birth or advanced_period(day, day))
        + _advanced_feature("9", '<VersionDetail DetailTypeID="1432">Pyongyang</VersionDetail>')
        + _advanced_feature("10", '<VersionLocation LocationID="5"/>')
        + _advanced_feature("25", '<VersionLocation LocationID="5"/>')
        + _advanced_feature("26", '<VersionDetail DetailTypeID="1432">Mr</VersionDetail>')
        + _advanced_feature("224", '<VersionDetail DetailTypeID="1431" DetailReferenceID="91526"/>'),
    )  # fmt: skip
    company = _advanced_party(
        "2", "3",
        _advanced_alias("1403", "true", "false", _documented([("a", "TEST TRADING &amp; CO")])),
        {"a": "1525"},
        _advanced_feature("345", f'<VersionDetail DetailTypeID="1432">{EVM}</VersionDetail>')
        + _advanced_feature("344", f'<VersionDetail DetailTypeID="1432">{BITCOIN}</VersionDetail>'),
    )  # fmt: skip
    ship = _advanced_party(
        "3", "1", _advanced_alias("1403", "true", "false", _documented([("a", "TEST SHIP")])), {"a": "1526"},
        _advanced_feature("3", '<VersionLocation LocationID="6"/>'),
    )  # fmt: skip
    documents = (
        '<IDRegDocument IDRegDocTypeID="1571" IdentityID="71" IssuedBy-CountryID="11">'
        "<IDRegistrationNo>A1</IDRegistrationNo></IDRegDocument>"
        '<IDRegDocument IDRegDocTypeID="1626" IdentityID="73">'
        "<IDRegistrationNo>IMO 1234567</IDRegistrationNo></IDRegDocument>"
    )
    places = "".join(
        f'<Location ID="{number}"><LocationCountry CountryID="{country}"/></Location>'
        for number, country in (("5", "11"), ("6", "12"))
    )
    entries = "".join(
        f'<SanctionsEntry ProfileID="{number}" ListID="1550"><EntryEvent><Date>{_advanced_date(*listed)}</Date></EntryEvent>'
        f'<SanctionsMeasure SanctionsTypeID="1"><Comment>{program}</Comment></SanctionsMeasure>'
        '<SanctionsMeasure SanctionsTypeID="1705"><Comment /></SanctionsMeasure></SanctionsEntry>'
        for number, program, listed in (
            ("1", "DPRK3", ("2025", "7", "24")), ("2", "NPWMD", ("2024", "1", "2")), ("3", "DPRK4", ("2023", "1", "2")),
        )
    )  # fmt: skip
    return (
        f'{HEAD}<Sanctions xmlns="{_OFAC}/ADVANCED_XML"><DateOfIssue>{_advanced_date("2026", "8", "20")}</DateOfIssue>'
        f"{_reference_sets()}<Locations>{places}</Locations><IDRegDocuments>{documents}</IDRegDocuments>"
        f"<DistinctParties>{person}{company}{ship}</DistinctParties><SanctionsEntries>{entries}</SanctionsEntries></Sanctions>"
    )


def un() -> str:
    return (
        f'{HEAD}<CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:09.554Z"><INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID>'
        "<FIRST_NAME>TEST</FIRST_NAME><SECOND_NAME>IL</SECOND_NAME><THIRD_NAME>KIM</THIRD_NAME>"
        "<UN_LIST_TYPE>DPRK</UN_LIST_TYPE><REFERENCE_NUMBER>KPi.999</REFERENCE_NUMBER><LISTED_ON>2025-07-24</LISTED_ON>"
        "<NAME_ORIGINAL_SCRIPT>김테스트</NAME_ORIGINAL_SCRIPT>"
        f"<COMMENTS1>Bitcoin address {BITCOIN} and {EVM} were used.</COMMENTS1>"
        "<NATIONALITY><VALUE>Democratic People's Republic of Korea</VALUE></NATIONALITY>"
        "<INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>KIM T'est</ALIAS_NAME></INDIVIDUAL_ALIAS>"
        "<INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>The Tester</ALIAS_NAME></INDIVIDUAL_ALIAS>"
        "<INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>"
        "<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>1980</YEAR></INDIVIDUAL_DATE_OF_BIRTH>"
        "<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1979</FROM_YEAR><TO_YEAR>1981</TO_YEAR>"
        "</INDIVIDUAL_DATE_OF_BIRTH>"
        "<INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>A1</NUMBER></INDIVIDUAL_DOCUMENT>"
        "</INDIVIDUAL></INDIVIDUALS><ENTITIES><ENTITY><DATAID>2</DATAID><FIRST_NAME>TEST TRADING</FIRST_NAME>"
        "<UN_LIST_TYPE>DPRK</UN_LIST_TYPE><REFERENCE_NUMBER>KPe.999</REFERENCE_NUMBER>"
        "<ENTITY_ALIAS><QUALITY>f.k.a.</QUALITY><ALIAS_NAME>OLD TRADING</ALIAS_NAME></ENTITY_ALIAS>"
        "<ENTITY_ADDRESS><COUNTRY>Togo</COUNTRY></ENTITY_ADDRESS></ENTITY></ENTITIES></CONSOLIDATED_LIST>"
    )


_EU_SUMMARY = '<regulationSummary regulationType="regulation" publicationDate="2025-07-24" numberTitle="2025/1"/>'


def _eu_part(name: str, number: int, attributes: str, remark: str = "") -> str:
    inner = f"<remark>{remark}</remark>" if remark else ""
    return f'<{name} logicalId="{number}" regulationLanguage="en" {attributes}>{inner}{_EU_SUMMARY}</{name}>'


def _eu_entity(number: int, subject: str, classification: str, parts: str, remark: str = "") -> str:
    said = f"<remark>{remark}</remark>" if remark else ""
    return (
        f'<sanctionEntity logicalId="{number}" euReferenceNumber="EU.{number}.1" designationDate="2025-07-24">{said}'
        '<regulation logicalId="9" regulationType="regulation" organisationType="council" publicationDate="2025-07-24" '
        'entryIntoForceDate="2025-07-25" numberTitle="2025/1 (OJ L)" programme="PRK"/>'
        f'<subjectType code="{subject}" classificationCode="{classification}"/>{parts}</sanctionEntity>'
    )


def eu_xml() -> str:
    korea = 'countryIso2Code="KP" countryDescription="NORTH KOREA"'
    person = (
        _eu_part("nameAlias", 10, 'wholeName="The Tester" strong="false"')
        + _eu_part("nameAlias", 11, 'wholeName="Test Il KIM" gender="M" title="Mr" strong="true"')
        + _eu_part("nameAlias", 12, 'wholeName="김테스트" strong="true"')
        + _eu_part("citizenship", 13, korea)
        + _eu_part("birthdate", 14, f'calendarType="GREGORIAN" birthdate="1980-05-01" city="Pyongyang" {korea}')
        + _eu_part("birthdate", 15, f'calendarType="GREGORIAN" circa="true" year="1979" {korea}')
        + _eu_part("address", 16, korea)
        + _eu_part(
            "identification", 17,
            f'identificationTypeCode="passport" identificationTypeDescription="National passport" number="A1" {korea}',
        )
    )  # fmt: skip
    remark = f"Digital wallets: BTC {BITCOIN}; ETH: {EVM}."
    company = _eu_part("nameAlias", 20, 'firstName="" lastName="TEST TRADING" strong="true"', remark)
    return (
        f'{HEAD}<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-08-20T10:00:00.000+02:00" '
        f'globalFileId="1">{_eu_entity(1, "person", "P", person)}{_eu_entity(2, "enterprise", "E", company)}</export>'
    )


EU_COLUMNS = (
    "fileGenerationDate;Entity_LogicalId;Entity_EU_ReferenceNumber;Entity_UnitedNationId;Entity_DesignationDate;"
    "Entity_DesignationDetails;Entity_Remark;Entity_SubjectType;Entity_SubjectType_ClassificationCode;"
    "Entity_Regulation_Programme;NameAlias_LastName;NameAlias_FirstName;NameAlias_MiddleName;NameAlias_WholeName;"
    "NameAlias_Gender;NameAlias_Title;NameAlias_Function;NameAlias_Strong;NameAlias_Remark;Address_CountryDescription;"
    "BirthDate_BirthDate;BirthDate_Day;BirthDate_Month;BirthDate_Year;BirthDate_Circa;BirthDate_City;"
    "BirthDate_CountryDescription;Identification_Number;Identification_TypeDescription;"
    "Identification_CountryDescription;Citizenship_CountryDescription"
)


def eu_csv() -> str:
    def row(entity: dict[str, str], **facts: str) -> str:
        given = entity | {name.replace("__", "_"): value for name, value in facts.items()}
        return ";".join(given.get(column, "") for column in EU_COLUMNS.split(";"))

    base = {"fileGenerationDate": "20/08/2026", "Entity_Regulation_Programme": "PRK", "Entity_DesignationDate": "2025-07-24"}
    person = base | {"Entity_LogicalId": "1", "Entity_EU_ReferenceNumber": "EU.1.1", "Entity_SubjectType": "person",
                     "Entity_SubjectType_ClassificationCode": "P"}  # fmt: skip
    remark = f'"Digital wallets: BTC {BITCOIN}; ETH: {EVM}."'
    company = base | {"Entity_LogicalId": "2", "Entity_EU_ReferenceNumber": "EU.2.1", "Entity_SubjectType": "enterprise"}
    rows = [
        row(person, NameAlias_WholeName="The Tester", NameAlias_Strong="false"),
        row(person, NameAlias_WholeName="Test Il KIM", NameAlias_Gender="M", NameAlias_Title="Mr"),
        row(person, NameAlias_WholeName="김테스트"),
        row(person, Citizenship_CountryDescription="NORTH KOREA"),
        row(person, BirthDate_BirthDate="1980-05-01", BirthDate_City="Pyongyang",
            BirthDate_CountryDescription="NORTH KOREA"),
        row(person, BirthDate_Year="1979", BirthDate_Circa="true", BirthDate_CountryDescription="NORTH KOREA"),
        row(person, Address_CountryDescription="NORTH KOREA"),
        row(person, Identification_Number="A1", Identification_TypeDescription="National passport",
            Identification_CountryDescription="NORTH KOREA"),
        row(company, NameAlias_LastName="TEST TRADING", NameAlias_Remark=remark),
    ]  # fmt: skip
    return "\ufeff" + "\r\n".join([EU_COLUMNS, *rows]) + "\r\n"


UK_COLUMNS = (
    "Last Updated,Unique ID,OFSI Group ID,UN Reference Number,Name 6,Name 1,Name 2,Name 3,Name 4,Name 5,Name type,"
    "Alias strength,Title,Name non-latin script,Non-latin script type,Non-latin script language,Regime Name,"
    "Designation Type,Designation source,Sanctions Imposed,Other Information,UK Statement of Reasons,Address Line 1,"
    "Address Line 2,Address Line 3,Address Line 4,Address Line 5,Address Line 6,Address Postal Code,Address Country,"
    "Phone number,Website,Email address,Date Designated,D.O.B,Nationality(/ies),National Identifier number,"
    "National Identifier additional information,Passport number,Passport additional information,Position,Gender,"
    "Town of birth,Country of birth,Type of entity,Subsidiaries,Parent company,Business registration number (s),"
    "IMO number,Current owner/operator (s),Previous owner/operator (s),Current believed flag of ship,Previous flags,"
    "Type of ship,Tonnage of ship,Length of ship,Year Built,Hull identification number (HIN)"
)


def uk_csv() -> str:
    def row(**facts: str) -> str:
        return ",".join(facts.get(column, "") for column in UK_COLUMNS.split(","))

    person = {"Unique ID": "DPR9999", "Regime Name": "DPRK", "Designation Type": "Individual", "D.O.B": "01/05/1980",
              "Date Designated": "24/07/2025", "Nationality(/ies)": "North Korea", "Town of birth": "Pyongyang",
              "Passport number": "A1"}  # fmt: skip
    information = f'"Holds BTC address {BITCOIN}, and ETH: {EVM}."'
    company = {"Unique ID": "DPR9998", "Regime Name": "DPRK", "Designation Type": "Entity", "Name 6": "TEST TRADING",
               "Name type": "Primary Name", "Other Information": information}  # fmt: skip
    ship = {"Unique ID": "DPR9997", "Designation Type": "Ship", "Name 6": "TEST SHIP", "Name type": "Primary Name",
            "IMO number": "1234567", "Current believed flag of ship": "Togo"}  # fmt: skip
    rows = [
        row(**person, **{"Name 6": "KIM", "Name 1": "Test Il", "Name type": "Primary Name",
                         "Name non-latin script": "김테스트", "Non-latin script type": "Hangul"}),
        row(**person, **{"Name 6": "The Tester", "Name type": "Alias", "Alias strength": "Low quality a.k.a"}),
        row(**company), row(**ship),
    ]  # fmt: skip
    return "\r\n".join(["Report Date: 08-Oct-2026", UK_COLUMNS, *rows]) + "\r\n"
