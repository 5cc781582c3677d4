"""Regular expressions for opt-out requests; see ``opt_out_requests``.

A pattern matches a folded text: lowercase letters without accents and punctuation.
"""

_PLEASE = r"(?:please|pls|plz|kindly|por favor|porfa|porfavor)"
_THANKS = (
    r"(?:(?:many )?thanks(?: (?:so much|a lot|again))?|thank (?:you|u)(?: (?:so|very) much)?|thx|ty"
    r"|(?:i )?(?:really )?appreciate it|much appreciated|(?:muchas |mil )?gracias)"
)
_GREETING = (
    r"(?:good (?:morning|afternoon|evening|day)|hi|hey|hello|hola|(?:hi|hey|hello) there|excuse me"
    r"|dear sir(?: or madam)?|buenos dias|buenas(?: tardes| noches)?|buen dia|disculpen?|disculpa"
    r"|perdone?)"
)
_GOODBYE = (
    r"(?:have a (?:good|great|nice|blessed|lovely) (?:day|one|evening|night|weekend)|bye|goodbye"
    r"|take care|que tengan? (?:un )?buen dia|saludos)"
)
_NUMBER_IS_WRONG = (
    r"(?:(?:i think )?(?:u |you |youve |you guys )?"
    r"(?:have |got |have got |are texting |texted )?(?:the |a )?"
    r"wrong (?:number|person|phone)|(?:es |este es )?(?:un )?numero equivocado"
    r"|se (?:equivoco|equivocaron|equivoca|ha equivocado|han equivocado) de (?:numero|persona))"
)
_WHO = (
    r"(?:(?:but )?who (?:is|are|r|the hell is) (?:this|you|u|it|texting me|that)|whos (?:this|it)"
    r"|i (?:do not|dont) know (?:you|who (?:you are|this is))"
    r"|(?:quien|quienes) (?:es|eres|son|habla))"
)
#: Phrases of people who get somebody else's texts.
_STRANGER = (
    rf"(?:{_NUMBER_IS_WRONG}|{_WHO}"
    r"|(?:this is not|this isnt|i am not|im not) (?!sure|able|interested|going|done)[a-z]+"
    r"|i (?:no longer|do not|dont) work (?:there|here|for (?:you|them))(?: any ?more)?)"
)
LEAD = (
    rf"(?:(?:{_PLEASE}|{_THANKS}|{_GREETING}|ok|okay|sorry|no|guys|just|and|but|so|yes|listen|look"
    rf"|(?:can|could|would|will) you|u need to|you need to|you must|i want you to"
    rf"|i would like you to"
    rf"|id like you to|i need you to|i said|i told you to|i asked you to|for the last time"
    rf"|once again|again|i repeat|(?:me |nos )?(?:puede|pueden|podria|podrian)|favor de|le pido que"
    r"|(?:you guys|you all|yall|you people) (?:need|have) to|i am asking you to|im asking you to"
    rf"|quiero que|les pido que|ya|{_STRANGER}) ){{0,6}}"
)
#: Threats in case the texts do not stop.
_THREAT = (
    r"(?:or|before|and) (?:else|(?:i|we|ill|im|i am|well)(?: (?:will|going to|gonna|am))*"
    r" (?:report|block|su|complain|contact|call|fil)(?:e|ing)?(?: [a-z]+){0,4})"
)
TAIL = (
    rf"(?: (?:and |but |y )?(?:{_PLEASE}|{_THANKS}|now|right now|immediately|at once|asap|today"
    r"|ever|again|any ?more|any longer|no more|already|sir|maam"
    r"|forever|permanently|for good|ya|ahora|mas|nunca|jamas|at all|thanks in advance|ok|okay"
    rf"|{_GOODBYE}|{_THREAT}|{_STRANGER})){{0,5}}"
)
_ADJECTIVES = (
    r"(?:(?:all|any|more|any more|further|future|other|these|those|the|your|such|of"
    r"|automated|unwanted) )*"
)
_TEXTS = rf"{_ADJECTIVES}(?:texts?|text messages?|txts?|sms(?: messages?)?|messages?|msgs?)"
_SURE_TEXTS = rf"{_ADJECTIVES}(?:texts|text messages?|txts?|sms(?: messages?)?)"
_YOURS = (
    r"(?: (?:from (?:you|you guys|u|this number|your company|your number)|to (?:me|us|this number)"
    r"|to my (?:phone|number|cell)))*"
)
_ME = (
    r"(?:me|us|my (?:number|cell|phone|phone number|cell number|mobile number)|this "
    r"(?:number|phone|phone number))"
)
_DONT = (
    r"(?:(?:do not|dont|dnt|do nt|never)(?: (?:you|u))?(?: ever)?|quit it and do not|you may not"
    r"|you are not allowed to)"
)
_STOP = r"(?:stop|quit|cease|discontinue)"
_LISTS = (
    r"(?:lists?|(?:text(?:ing)?|sms|messag(?:e|ing)|call(?:ing)?|contacts?|phone"
    r"|mailing and text(?:ing)?) lists?|texts"
    r"|database|records|contacts)"
)
_TEXT_LISTS = r"(?:text(?:ing)?|texts|sms|text messag(?:e|ing)|messag(?:e|ing)) lists?"
_REMOVE = r"(?:take|remove|delete|drop|scratch|get|strike|erase|pull)"
_MENSAJES = (
    r"(?:(?:mas|ningun|ninguna|sus|tus|estos|esos|los|otro|otros|de) )*"
    r"(?:mensajes?|textos?|sms|mensajitos)(?: de texto)?"
)
_MI_NUMERO = (
    r"(?:mi (?:numero|telefono|celular|movil)|mi numero de (?:telefono|celular|movil)|este numero)"
)
_SU_LISTA = (
    r"(?:de )?(?:su|sus|tu|tus|vuestra) (?:listas?|base de datos|contactos|registros)(?: de "
    r"(?:contactos|mensajes|textos|sms))?"
)
_BORRAR = (
    r"(?:quit|borr|elimin|sac|saqu|remuev|remov|retir)"
    r"(?:a|e|en|ar|an|o|as|es|arme|ame|eme|enme|uen|ue|uenme|ueme)"
)

_DEJAR = r"(?:dejar|deja|deje|dejen|dejad|dejes|parar|para|pare|paren|parad|pares)"
_VOLVER = r"(?:volver|vuelva|vuelvas|vuelvan|vuelvan ustedes)"

CLEAR = (
    # Texting itself
    rf"{_STOP} (?:calling|emailing) (?:me )?(?:and|or) texting(?: {_ME})?{_YOURS}",
    rf"{_DONT} (?:call|email|mail) (?:me )?(?:and|or) text {_ME}",
    rf"(?:cancel|end) (?:(?:my|all|the|these|your) )?{_SURE_TEXTS}{_YOURS}",
    rf"{_STOP} (?:texting|messaging|sms ?ing|txting|spam texting)(?: {_ME})?{_YOURS}",
    rf"{_STOP} (?:to )?(?:text|txt|message) {_ME}",
    r"stoptext(?:s|ing)?|stopsms",
    rf"cease and desist(?: (?:texting|messaging|contacting) {_ME})?",
    rf"refrain from (?:texting|messaging|contacting) {_ME}(?: by text)?",
    rf"(?:would|do) you mind not (?:texting|messaging) {_ME}",
    rf"i(?:d| would)(?: really)? (?:appreciate|like|love|prefer)(?: it)? if (?:you|u)(?: guys)?"
    rf"(?: would| could)? (?:stop|stopped|quit) (?:texting|messaging|contacting) {_ME}",
    rf"(?:i(?:d| would)? (?:want|like|need)|want) to {_STOP} (?:getting|receiving)"
    rf" {_TEXTS}{_YOURS}",
    rf"(?:i(?:d| would)? (?:want|like|need) )?{_SURE_TEXTS}{_YOURS}"
    r" (?:to|must|need to|have to) stop",
    rf"make {_SURE_TEXTS}{_YOURS} stop",
    rf"{_STOP} (?:sending|with)(?: {_ME})? {_TEXTS}{_YOURS}",
    rf"{_STOP} {_SURE_TEXTS}{_YOURS}",
    rf"{_STOP} (?:all|these|the|your|any|further) (?:messages|msgs){_YOURS}",
    rf"{_STOP} (?:contacting|spamming) (?:me|us|this number)"
    rf"(?: (?:by|via|with|through) (?:text|texts|sms))?",
    rf"{_DONT} (?:text|txt|message|msg|sms|contact|send (?:texts|messages) to) {_ME}"
    rf"(?: (?:by|via|with) (?:text|texts|sms|text messages?))?",
    rf"{_DONT} send(?: {_ME})? {_TEXTS}{_YOURS}",
    rf"{_DONT} text",
    rf"no more {_TEXTS}{_YOURS}",
    rf"(?:i )?(?:do not|dont|no longer|never) (?:want|wish|care|need) "
    rf"(?:to (?:get|receive|have) )?{_TEXTS}{_YOURS}",
    r"(?:i )?(?:do not|dont|no longer|never) (?:want|wish) to be "
    r"(?:texted|messaged|contacted by text)(?: by you)?",
    r"(?:i )?(?:do not|dont|no longer|never) (?:want|wish) you to (?:text|message) (?:me|us)",
    # Lists, numbers and consent
    rf"{_REMOVE} (?:{_ME}|my name) (?:off|from|out of|off of) (?:your|ur) {_LISTS}",
    rf"{_REMOVE} {_ME} (?:off|from|out of|off of) (?:the|this|these|any|all) {_TEXT_LISTS}",
    r"(?:remove|delete|erase|lose|forget) (?:my|this) "
    r"(?:number|phone number|cell number|mobile number)",
    rf"i (?:want|wish|would like|ask|need) to be (?:removed|taken off|off)"
    rf"(?: from| of)? your {_LISTS}",
    rf"(?:unsubscribe|opt out|opt ?out|opt)(?: {_ME})?(?: out)?"
    rf"(?: (?:of|from) (?:{_TEXTS}|your {_LISTS}"
    rf"|everything))?",
    rf"(?:i (?:want|wish|would like|need|choose)|id like|let me) to? ?"
    rf"(?:unsubscribe|opt ?out|be opted out"
    rf"|be unsubscribed)"
    rf"(?: (?:of|from) (?:{_TEXTS}|your {_LISTS}))?",
    rf"(?:i am |im |i )?opt(?:ing)? out(?: (?:of|from) (?:{_TEXTS}|your {_LISTS}))?",
    r"(?:i )?(?:hereby )?(?:revoke|withdraw|am revoking|am withdrawing) (?:my |all "
    r"|any )?consent(?: to be texted| to texts?)?",
    r"i (?:do not|dont|never|no longer|did not|didnt) consent(?:ed)?",
    r"i (?:do not|dont|never|no longer|did not|didnt) (?:consent|agree)(?:ed)?"
    r" to (?:these |your |any |get |receive )*(?:texts|messages|be(?:ing)? texted)",
    # Spanish
    rf"(?:basta de|no mandar|no enviar) {_MENSAJES}",
    rf"(?:ya )?no (?:me|nos) (?:mand|envi|escrib|mensaje|text|contact)"
    rf"(?:e|en|es|a|an|as|i|eis|ee|een"
    rf"|ees)(?: {_MENSAJES}| mas)",
    r"(?:ya )?no (?:me|nos) (?:mensajee|mensajeen|mensajees|textee|texteen|textees)",
    rf"no (?:mas|quiero|quiero mas|quiero recibir|quiero recibir mas|deseo"
    rf"|deseo recibir) {_MENSAJES}(?: suyos"
    rf"| de ustedes)?",
    rf"{_DEJAR} de (?:mandar|enviar|escribir|textear|mensajear)(?:me|nos)(?: mas)?"
    rf"(?: {_MENSAJES})?",
    rf"{_DEJAR} de (?:mandar|enviar) {_MENSAJES}",
    rf"(?:quiero|deseo|quisiera|me gustaria) dejar de recibir {_MENSAJES}",
    r"(?:detenga|detengan|pare|paren|cesen|alto a) (?:ya )?(?:de )?(?:los|sus|estos|esos)"
    r" mensajes(?: de texto)?",
    rf"no (?:me|nos) {_VOLVER} a (?:escribir|mandar|enviar|textear|mensajear|contactar)"
    rf"(?: {_MENSAJES})?",
    rf"no {_VOLVER} a (?:escribir|mandar|enviar|textear|mensajear|contactar)(?:me|nos)"
    rf"(?: {_MENSAJES})?",
    rf"no (?:mandar|enviar|escribir|textear)(?:me|nos)(?: mas)?(?: {_MENSAJES})?",
    r"(?:retiro|revoco|cancelo) mi consentimiento|no doy (?:mi )?consentimiento",
    rf"no (?:autorizo|acepto)(?: recibir)? {_MENSAJES}",
    rf"(?:dar|da|de|den)(?:me)? de baja {_MI_NUMERO}",
    rf"(?:ya )?no (?:quiero|deseo) (?:que me (?:manden|envien|escriban|mandes|envies|escribas)"
    rf"|recibir)(?: {_MENSAJES}| mas)",
    rf"{_BORRAR}(?: {_MI_NUMERO})? {_SU_LISTA}",
    rf"{_BORRAR} mi numero(?: de (?:telefono|celular|movil))?",
    rf"(?:(?:quiero |deseo )?dar(?:me|nos)|d(?:a|e|en)(?:me|nos)|dame) de baja "
    rf"(?:de {_MENSAJES}|{_SU_LISTA})",
)
LIKELY = (
    rf"{_REMOVE} {_ME} (?:off|from|out of|off of) (?:the|this|that|any|all|these) {_LISTS}",
    rf"{_REMOVE} (?:{_ME}|my name) (?:off|from|out of|off of) "
    r"(?:texting|your (?:messaging|text|texting|sms) (?:service|system))",
    rf"{_STOP} (?:sending|with) (?:(?:me|us) )?(?:this|these|that|those|them"
    r"|(?:(?:this|these|that|those|your|all this|all the) )?"
    r"(?:stuff|things?|crap|spam|junk|shit|garbage|nonsense|bs))",
    r"i (?:do not|dont|no longer) (?:want|wish) to be contacted(?: (?:by you|any ?more))?",
    r"i (?:do not|dont|no longer) (?:want|wish) you to contact (?:me|us)",
    r"(?:unsubscribe|opt ?out)(?: (?:me|us))? (?:of|from) (?:(?:all|any|this|these|here|it|of) ?)+",
    rf"{_DONT} send (?:me|us) "
    rf"(?:any ?more|any more of these|any of these|anything|anything else|stuff)",
    r"(?:i want|want) (?:out|off)(?: (?:of )?(?:this|your|the|these) lists?)?"
    r"|i want to be off (?:this|the) list",
    r"(?:cancel|end) (?:all|these|the|your|my) messages",
    rf"(?:can|could|may) (?:i|we) be (?:removed|taken off)(?: (?:from|of))?"
    rf"(?: (?:this|your|the) {_LISTS})?",
    rf"i (?:never|did not|didnt) (?:sign(?:ed)? up|ask(?:ed)?|subscribed?|opt(?:ed)? in) "
    rf"(?:for|to) "
    rf"(?:this|these|{_TEXTS})",
    r"(?:remove|unenroll|unregister|delete) (?:me|us)",
    r"(?:take|get) (?:me|us) off(?: (?:this|of this|it|here))?",
    rf"(?:how (?:do|can|would) i|how to|i cannot|i cant|where (?:do|can) i) (?:unsubscribe|opt ?out"
    rf"|{_STOP} {_TEXTS})(?: (?:from|of) (?:this|these|here|{_TEXTS}))?",
    rf"{_STOP} (?:bothering|harassing|pestering|annoying|bugging|disturbing) (?:me|us)",
    rf"{_STOP} messages",
    r"(?:leave|let) (?:me|us) (?:alone|be)",
    r"(?:go away|get lost|f(?:uck)? off|piss off)",
    r"why (?:are|r|do|did) (?:you|u|they) (?:keep |still )?(?:texting|text|messaging) (?:me|us)",
    r"i (?:do not|dont) (?:want|need) (?:this|these|your) "
    r"(?:service|notifications|alerts|messages)",
    r"(?:stopp+|stpo|sotp|stoop|stop+ed|sto|stp|stoppp*)",
    r"(?:un ?s?ub?scri?be?d?|unsubscibe|unsuscribe|unsubcribe|unsubscrib|unsubscirbe"
    r"|unsubsribe|desubscribe)(?: me)?",
    r"(?:no me moleste[ns]?|dejen?me en paz|dejame en paz|no me contacte[ns]?|no me escriba[ns]?"
    r"|no me mande[ns] nada|(?:deje|dejen|deja|paren|pare) de molestar(?:me|nos)?)",
    r"no (?:quiero|deseo) que me (?:manden|envien|escriban|contacten|molesten|escriba|contacte)",
    r"cancel(?:ar|en|e|a) (?:(?:los|mis|sus|estos|todos los) )?mensajes(?: de texto)?",
    r"(?:quiero |deseo )?(?:darme|darnos) de baja|(?:deme|denme|dame) de baja|baja|dar de baja",
    r"(?:quiero )?(?:desuscribir(?:me)?|desuscribirse|desinscribir(?:me)?"
    r"|cancel(?:ar|en|e) (?:la |mi )?suscripcion)",
    r"des(?:u|in|ub)?scrib(?:a|an|e)(?:me|nos)",
    rf"{_BORRAR} de (?:(?:la|esta|esa) lista|esto|aqui)",
)
LIKELY_AT_FIRST = (
    r"(?:cancel|end|cancel all|end all|cancel (?:everything|this|it))",
    r"no (?:texts|text messages|texting)",
    r"(?:make (?:it|this) stop|(?:can|could|will|would) (?:you|u)(?: please)? stop"
    r"|(?:you|u) (?:need|have|must|got)(?: to)? stop)",
    rf"{_STOP} (?:sending (?:me |us )?)?(?:the |these |your |all )?"
    r"(?:notifications?|alerts?|reminders?|updates)",
    r"(?:(?:stop|quit) (?:it|this|that)|just stop|enough|no more)",
    r"(?:not interested|im not interested|i am not interested|alto|parar|pare|paren)",
    r"(?:basta|ya basta|cancelar|no mas|detener|detengan)",
)
_KEYWORD = r"(?:stop|stop ?all|unsubscribe|opt ?out)"  # keywords that count even among other words
_BEFORE_KEYWORD = (
    rf"(?:{_STRANGER}|{_PLEASE}|{_THANKS}|{_GREETING}|no|but|ok|okay|sorry|reply|text"
    r"|(?:i|we) (?:said|repeat|asked you to|told you to)|for the last time|once again)"
)
KEYWORD_AND = (
    rf"(?:{_BEFORE_KEYWORD} )+{_KEYWORD}{TAIL}"
    rf"|{_KEYWORD}"
    rf"(?: (?:and |but |y )?(?:{_STRANGER}|{_PLEASE}|{_THANKS}|{_GOODBYE}|{_THREAT}|now|right now"
    rf"|immediately|already|i said stop|to (?:opt out|unsubscribe|end|stop)|{_KEYWORD}))+"
)
WRONG_NUMBER = (
    rf"(?:(?:hi|hello|hey|sorry|hola|um|uh) )*"
    rf"(?:(?:{_NUMBER_IS_WRONG} {_WHO}|{_WHO} {_NUMBER_IS_WRONG})"
    r"|(?:i think )?(?:you |u )(?:have |got |have got )(?:the )?wrong number|how did "
    r"(?:you|u) get (?:my|this) number"
    rf"|de quien es este numero){TAIL}"
)
WRONG_NUMBER_AT_FIRST = rf"(?:(?:hi|hello|hey|sorry|hola|this is) )*{_NUMBER_IS_WRONG}{TAIL}"
