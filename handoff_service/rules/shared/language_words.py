"""The words that show the language of a text, without accents; see language_of_text.py."""

import re
from dataclasses import dataclass

_ACCENTS = str.maketrans("áéíóúüñàâçèêëîïôùûäöß", "aeiouunaaceeeiiouuaos")


def folded(text: str) -> str:
    """The text as the lists write it: in lower case, without accents, with plain apostrophes."""
    return text.casefold().replace("\u2019", "'").translate(_ACCENTS)


def words_in(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(re.findall(r"[\w']+", text))


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageWords:
    """The known words of a language other than English.

    - ``own``: neither English nor common in names;
    - ``shared``: also common in names, or also English; they count only next to a word of ``own``;
    - ``courtesy``: also used in English texts, so they do not show a language alone. All of them
      together count as one word.
    """

    own: frozenset[str]
    shared: frozenset[str]
    courtesy: frozenset[str]


ENGLISH = words_in(
    """
    hi hello hey good morning afternoon evening thanks thank thx please pls plz sorry bye yes yeah
    yep nope ok okay sure the an this that these those it its it's i i'm im i've ive i'll my mine
    you your yours u ur we our they them their he she his her and or but if because so then than
    with without for from to of on at by into about after before since until while when where why
    what which who how is are am was were be been being isn't isnt aren't wasn't do does did don't
    dont doesn't doesnt didn't didnt have has had haven't havent hasn't can can't cant cannot could
    couldn't couldnt will won't wont would wouldn't should need needs want wants wanna gotta get
    gets getting got give go going gone goes keep keeps kept make makes let lets put take takes took
    tell tells told say says said see saw know knows think try trying tried tries use using used
    work works working worked open opens opened opening close start starts started stop stopped turn
    turned turning show shows showing ask asking talk speak call text send sent receive fix fixed
    help helping order buy replace change reset set forgot forget lost stolen broke broken cracked
    crashed crashes crashing frozen froze freezes freezing stuck locked blocked expired dead black
    blank slow down up out off back again still just only not any some all every everyone someone
    anyone nobody nothing something anything one two three new old other another same more less much
    many very really too also now today yesterday tomorrow week month hour minutes day time computer
    laptop monitor screen keyboard mouse printer phone headset charger cable battery camera password
    account username login email mail file files folder drive desk office floor room building
    meeting manager boss team ticket case request status update news issue problem error message
    connection network wifi internet app website page number name code person human agent real live
    english spanish there here ring beeping beep noise loud hot wet spilled coffee water
    """
)
SPANISH = LanguageWords(
    own=words_in(
        """
        disculpe disculpa perdon oye oiga que quien quienes cual cuales cuando donde como cuanto
        cuanta cuantos cuantas porque pero aunque tambien tampoco aqui alli ahi asi ahora ayer hoy
        despues antes siempre nunca todavia aun ya muy mas menos poco algo alguien nadie toda todos
        todas otro otra otros otras esto esta este estos estas eso esa ese aquel sus nuestro nuestra
        usted ustedes ella ellos ellas nosotros conmigo soy eres somos estoy estamos estan estaba
        estaban sigue siguen sigo seguir fue fueron era ser estar tengo tiene tienes tenemos tienen
        tener hay habia haber hemos han hace hacer haga hago hizo puedo puede puedes podemos pueden
        podria podrian poder quiero quiere quieres queremos quisiera querer necesito necesita
        necesitas necesitamos necesitan necesitar debo debe deberia voy vamos van ir viene venir
        dice dicen decir dijo digo salio salir sabes saben saber funciona funcionan funcionaba
        funcionar funcionando sirve sirven prende prender enciende encender apaga apago apagar carga
        cargan cargar abre abren abrir abrio cierra cerrar conecta conectar conecto conectarme
        entrar iniciar inicia ingresar acceder imprime imprimir olvide olvido olvidado perdi perdio
        perdido robaron robado dano danada danado rompio roto rota rompi rompieron quebro quebrada
        cayo caido caida atasco atascada atascado bloqueada bloqueado bloqueo bloquearon trabado
        trabada congelado congelada colgado lento lenta negra negro malo mala mal mojado mojada
        apagado apagada encendido dejo dejaron quedo queda llega llego llegan llegaron recibo recibi
        recibir mando mandar enviar envio veo oigo escuchar escucha escucho hablar hablo habla
        hablas hablan llamar llamo llame llamen escribir escribe escriba ayuda ayudar ayudarme ayude
        ayuden pedir pido solicitar solicito reportar reporto cambiar cambio cambiaron instalar
        actualizar actualizacion reiniciar reinicie reiniciado probar probe pasa paso pasando parece
        creo espero esperar falta falla fallo fallando arreglar arreglen revisar gustaria gusta
        trabajar trabajo trabajando temprano urgente rapido pronto computadora computador ordenador
        portatil equipo impresora pantalla teclado raton cargador bateria auriculares audifonos
        celular telefono movil tableta camara microfono bocina contrasena clave usuario cuenta
        correo correos archivo archivos carpeta inalambrica oficina escritorio reunion junta piso
        edificio sala cuarto puerta tarjeta credencial empleado jefe jefa companero companera gente
        caso casos pedido solicitud estado reporte problema problemas pregunta horario horarios
        abierto abierta abiertos cerrado numero equivocado nuevo nueva nuevos nuevas misma mismo uno
        dos tres desde sobre entre para durante ingles espanol castellano entiendo entiende
        comprendo alto basta pare paren parar detener detengan deja deje dejen dejar dejame dejenme
        moleste molesten molestar mensaje mensajes texto textos lista borre borren borrar elimine
        eliminen eliminar quite quiten quitenme saquen saquenme baja cancelar cancele cancelen
        desuscribir desuscribirme desuscribanme suscripcion manden escriban escribirme envien
        """
    ),
    shared=words_in(
        """
        a al con de del e el en es la las le les lo los me mi mia mio mis ni no nos o se si sin son
        su te tu un una unos unas y yo todo ver sale red persona paz
        """
    ),
    courtesy=words_in(
        """
        hola buenas buenos dias tardes tarde noches adios gracias saludos por favor porfa porfavor
        mucho mucha muchos muchas gusto hasta luego manana nada tal amigo senor senora
        """
    ),
)
GERMAN = LanguageWords(
    own=words_in(
        """
        ich mich mir mein meine meinen meinem meiner wir uns unser unsere unseren sie ihre ihren
        ihnen dich dir dein deine euch ihm ihn und oder aber weil wenn denn dass das dem ein eine
        einen einem einer kein keine keinen keinem nicht nichts nie noch nur auch wieder immer jetzt
        heute gestern seit nach vor bei mit ohne vom zum zur zu auf aus fuer ueber unter durch gegen
        bis beim im ins ist sind bin bist seid sein gewesen habe haben hast hatte hatten wird werde
        werden wurde wurden kann konnen koennen konnte kannst soll sollte muss muessen mussen musste
        mochte moechte moechten mochten wollen wollte darf durfen brauche brauchen braucht gibt geht
        ging gehen kommt kommen macht machen gemacht sagt sagen zeigt zeigen laeuft lauft
        funktioniert funktionieren startet starten druckt drucken oeffnet offnet oeffnen offnen
        anmelden einloggen angemeldet gesperrt kaputt defekt verloren vergessen gestohlen hangt
        haengt abgesturzt abgestuerzt langsam schwarz rechner bildschirm tastatur maus drucker
        netzteil ladegerat ladegeraet akku passwort kennwort konto benutzer datei dateien ordner
        netzwerk verbindung internetzugang fehler fehlermeldung probleme storung stoerung hilfe
        helfen hilft mitarbeiter mensch menschen jemand niemand sprechen schreiben antworten warum
        wieso weshalb wann wo wie wer welche welcher welches dringend schnell sofort gerade endlich
        leider immernoch stunden uhr tage woche zimmer gebaude gebaeude buro buero dienstausweis
        neue neuen neuer neues alte alten anderes andere anderen falsche falschen nummer
        """
    ),
    shared=words_in(
        """
        die war es so in an am man hier da ja nein wo der hat will was den uber handy tag von ab ihr
        er du
        """
    ),
    courtesy=words_in(
        """
        hallo guten tag morgen abend danke bitte schon schoen tschuss servus moin
        """
    ),
)
FRENCH = LanguageWords(
    own=words_in(
        """
        je j'ai j'arrive j'aimerais j'attends moi mes nous notre nos vous votre vos ils elle elles
        leur leurs ce cet cette ces c'est c'etait cela ca qui quoi quel quelle quels quelles quand
        ou pourquoi parce mais donc avec sans dans sur sous chez depuis apres avant pendant encore
        toujours jamais rien personne quelqu'un tout tous toute toutes tres trop peu aussi alors
        suis sommes etes sont etait etaient ete etre avons avez ont avait avoir fait faire fais
        faites vais allons allez vont aller vient venir peut peux pouvez pouvons peuvent pourrais
        pourriez veux veut voulez voudrais dois doit devez faut besoin sais sait savez marche
        marchent marchait fonctionne fonctionnent fonctionnait demarre demarrer s'allume allume
        allumer eteint eteindre ouvre ouvrir s'ouvre ferme fermer imprime imprimer connecter
        connecte connexion deconnecte bloque bloquee plante casse cassee perdu perdue vole volee
        oublie oubliee lente noir noire panne panneau erreur probleme problemes ordinateur ecran
        clavier souris imprimante chargeur batterie casque compte identifiant passe messagerie
        courriel fichier fichiers reseau reunion salle etage batiment carte nouveau nouvelle
        nouveaux ancien autre autres vite maintenant aujourd'hui hier demain matin soir heure heures
        jour jours semaine aider aidez parler parle ecrire ecris repondre repondez appeler humain
        conseiller quelque s'il plait numero mauvais pas ne n'est n'ai n'arrive n'arrivons n'a n'y
        d'un d'une qu'il qu'elle l'ecran l'ordinateur l'imprimante l'acces
        """
    ),
    shared=words_in(
        """
        le la les un une des du de et en au aux a il on se si son sa ses y non oui or pour comment
        charge portable bureau badge urgent telephone dossier dossiers plus chose est mon ma as ai
        va aide mot
        """
    ),
    courtesy=words_in(
        """
        bonjour bonsoir salut merci beaucoup svp stp au revoir bonne journee soiree
        """
    ),
)
#: The other words of a text that asks for a language. A text with any further word is about
#: something else: "my Spanish keyboard is broken".
COURTESIES = words_in(
    """
    please pls plz thanks thank you u hi hello hey ok okay yes no not sorry lets let's let me us we
    i i'd id im i'm can could may would will do does did don't dont to in into on with the a is it
    be only just back instead of now again actually use speak speaking talk text write reply answer
    respond switch change continue keep stay go prefer prefers want like need rather language anyone
    anybody someone somebody there here and or but understand know por favor porfa gracias hola
    buenas si en el al de un una que se lo le les mi te nos yo solo solamente mejor ahora otra vez
    puedo puede puedes pueden podemos podria podrian quiero quiere prefiero quisiera necesito hablar
    hablo habla hablas hablan hable hablamos hablemos hablame hableme escribir escribe escribeme
    escriba escribame escriban responder responde responda respondeme respondame contestar contesta
    conteste contesteme cambiar cambia cambie cambio seguir sigue siga sigamos continuar idioma
    usted ustedes alguien entiendo entiende entienden comprendo ser leer leo mucho muy bien stick
    have got read reading writing texting texts why are was were my your for so very that this these
    wrong well good better best easier fine comfortable bad poor hard difficult weak version who if
    get possible other another languages what which translate more both either help that's thats
    what's whats cant can't i've ive we're dice diga digame digamelo decir traduce traduzca traducir
    traduceme traduzcame hay atencion servicio tienen quien cual sea preferiria gustaria escribirme
    respondan contesten idiomas disculpe disculpa perdon regresa regrese regresemos vuelve vuelva
    volvamos volver pasa pase es malo mala poco poquito cuesta dificil facil comodo comodidad esta
    esto eso porque todo tu su otro otros posible speaks bueno buena manden manda envia envie
    enviame ponme ponga bitte danke ich wir sie du kann kannst konnen konnten koennen koennten auf
    antworten schreiben sprechen spreche sprichst spricht antworte lieber deutsche gern gerne kein
    keine nicht verstehe mochte moechte wurde wuerde bevorzuge sprache auch hier jemand oder und mit
    mir uns geht das ist ein wenig hallo guten tag je vous parlez parle parler ecrivez ecrire
    repondez repondre pouvez pourriez peut s'il plait merci bonjour plutot prefere preferez
    comprends pas ne langue quelqu'un la peu svp stp avec moi est ce
    """
)
