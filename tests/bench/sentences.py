"""Help desk texts in five scripts, forty for each language, for the benchmark of the text index."""


def _lines(block: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in block.strip().splitlines())


SENTENCES = {
    "Latin": _lines("""
        My laptop does not start since this morning.
        I forgot my password again.
        The printer on the third floor prints blank pages.
        Please call me after two o'clock.
        I cannot connect to the network from home.
        The screen stays black after the update.
        Thank you, it works now.
        When will the new phone arrive?
        My account is locked and I need it today.
        The meeting room has no sound.
        I do not receive any mail from customers.
        Can somebody come to my desk?
        The keyboard types the wrong letters.
        How do I install the accounting program?
        My badge no longer opens the side door.
        The projector shows only half of the picture.
        Outlook asks for my credentials every minute.
        I spilled coffee over my mouse.
        The shared folder of the sales team is empty.
        Could you extend my access until Friday?
        Our website returns an error for all visitors.
        The battery is flat after one hour.
        I need a second monitor for my office.
        The scanner sends files to the old address.
        Wireless is very slow in the cafeteria.
        My calendar shows meetings in another time zone.
        Somebody sent me a suspicious link.
        The elevator on the east side is stuck.
        I lost my company phone on the train.
        Excel closes whenever I open the budget.
        The headset crackles during calls.
        Please reset the code for my voicemail.
        My colleague starts on Monday without a computer.
        The backup drive makes a loud noise.
        I get a warning about a full disk.
        The camera is not recognized by the browser.
        Nobody answers at extension forty.
        The heating in our room is broken.
        Is the maintenance tonight still planned?
        No, the problem came back yesterday.
    """),
    "Chinese": _lines("""
        我的笔记本电脑从今天早上开始无法启动。
        我又忘记密码了。
        三楼的打印机打印出来的都是白纸。
        请在两点以后给我打电话。
        我在家里连不上公司的网络。
        更新以后屏幕一直是黑的。
        谢谢，现在可以用了。
        新的手机什么时候到？
        我的账户被锁定了，今天必须要用。
        会议室没有声音。
        我收不到客户的邮件。
        可以请人来我的座位看看吗？
        键盘打出来的字母不对。
        财务软件怎么安装？
        我的门禁卡打不开侧门了。
        投影仪只显示半个画面。
        邮箱每分钟都要我输入账号。
        我把咖啡洒在鼠标上了。
        销售部的共享文件夹是空的。
        能把我的权限延长到星期五吗？
        我们的网站对所有访客都报错。
        电池一个小时就没电了。
        我办公室需要第二台显示器。
        扫描仪把文件发到旧地址了。
        食堂的无线网非常慢。
        日历里的会议时区不对。
        有人给我发了可疑链接。
        东边的电梯卡住了。
        我在火车上丢了公司手机。
        一打开预算表程序就关闭。
        通话时耳机有杂音。
        请重置我的语音信箱密码。
        新同事周一入职还没有电脑。
        备份硬盘发出很大的响声。
        系统提示磁盘空间已满。
        浏览器识别不了摄像头。
        四十号分机没有人接。
        我们房间的暖气坏了。
        今晚的维护还按计划进行吗？
        没有，问题昨天又出现了。
    """),
    "Japanese": _lines("""
        今朝からノートパソコンが起動しません。
        またパスワードを忘れてしまいました。
        三階のプリンターから白紙しか出てきません。
        二時以降に電話をお願いします。
        自宅から社内ネットワークに接続できません。
        更新のあと画面が真っ暗なままです。
        ありがとうございます、直りました。
        新しい電話はいつ届きますか。
        アカウントがロックされていて、今日中に必要です。
        会議室の音が出ません。
        お客様からのメールが届きません。
        誰か席まで来てもらえますか。
        キーボードで違う文字が入力されます。
        会計ソフトの入れ方を教えてください。
        社員証で通用口が開かなくなりました。
        プロジェクターに画面の半分しか映りません。
        メールソフトが毎分認証を求めてきます。
        マウスにコーヒーをこぼしました。
        営業部の共有フォルダーが空です。
        権限を金曜日まで延ばせますか。
        弊社のサイトが全員にエラーを返します。
        バッテリーが一時間でなくなります。
        机にもう一台モニターが欲しいです。
        スキャナーが古い宛先に送ってしまいます。
        食堂の無線がとても遅いです。
        予定表の会議の時刻がずれています。
        怪しいリンクが送られてきました。
        東側のエレベーターが止まっています。
        電車で会社の携帯をなくしました。
        予算表を開くとエクセルが落ちます。
        通話中にヘッドセットが雑音を出します。
        留守番電話の暗証番号を初期化してください。
        月曜に入る同僚のパソコンがまだありません。
        バックアップ用の装置から大きな音がします。
        ディスクがいっぱいだと警告が出ます。
        ブラウザーがカメラを認識しません。
        内線四十番に誰も出ません。
        部屋の暖房が壊れています。
        今夜の保守は予定どおりですか。
        いいえ、昨日また同じ問題が起きました。
    """),
    "Korean": _lines("""
        오늘 아침부터 노트북이 켜지지 않습니다.
        비밀번호를 또 잊어버렸습니다.
        삼층 프린터에서 빈 종이만 나옵니다.
        두 시 이후에 전화해 주세요.
        집에서 회사 네트워크에 연결할 수 없습니다.
        업데이트 후 화면이 계속 검은색입니다.
        감사합니다, 이제 됩니다.
        새 전화기는 언제 도착하나요?
        계정이 잠겨서 오늘 꼭 필요합니다.
        회의실에 소리가 나지 않습니다.
        고객의 메일을 받지 못하고 있습니다.
        누가 제 자리로 와 주실 수 있나요?
        키보드로 다른 글자가 입력됩니다.
        회계 프로그램은 어떻게 설치하나요?
        사원증으로 옆문이 열리지 않아요.
        프로젝터에 화면이 절반만 보입니다.
        메일이 일 분마다 로그인을 요구합니다.
        마우스에 커피를 쏟았습니다.
        영업팀 공유 폴더가 비어 있습니다.
        권한을 금요일까지 연장해 주실래요?
        홈페이지가 모든 방문자에게 오류를 보입니다.
        배터리가 한 시간이면 떨어집니다.
        사무실에 모니터가 하나 더 필요해요.
        스캐너가 예전 주소로 파일을 보냅니다.
        식당 무선 인터넷이 너무 느립니다.
        달력에 회의 시간대가 잘못되어 있어요.
        누군가 수상한 링크를 보냈습니다.
        동쪽 엘리베이터가 멈췄습니다.
        기차에서 회사 휴대폰을 잃어버렸어요.
        예산 파일을 열면 엑셀이 꺼집니다.
        통화 중에 헤드셋에서 잡음이 나요.
        음성 사서함 번호를 초기화해 주세요.
        월요일에 오는 동료의 컴퓨터가 없습니다.
        백업 장치에서 큰 소음이 납니다.
        디스크가 가득 찼다는 경고가 떠요.
        브라우저가 카메라를 인식하지 못합니다.
        내선 사십 번은 아무도 받지 않아요.
        우리 방 난방이 고장 났습니다.
        오늘 밤 점검은 예정대로 하나요?
        아니요, 어제 문제가 다시 생겼습니다.
    """),
    "Thai": _lines("""
        แล็ปท็อปของฉันเปิดไม่ติดตั้งแต่เช้านี้
        ฉันลืมรหัสผ่านอีกแล้ว
        เครื่องพิมพ์ที่ชั้นสามพิมพ์ออกมาเป็นกระดาษเปล่า
        กรุณาโทรหาฉันหลังบ่ายสองโมง
        ฉันเชื่อมต่อเครือข่ายจากที่บ้านไม่ได้
        หน้าจอยังคงเป็นสีดำหลังจากอัปเดต
        ขอบคุณค่ะ ตอนนี้ใช้ได้แล้ว
        โทรศัพท์เครื่องใหม่จะมาถึงเมื่อไหร่
        บัญชีของฉันถูกล็อกและฉันต้องใช้วันนี้
        ห้องประชุมไม่มีเสียง
        ฉันไม่ได้รับอีเมลจากลูกค้าเลย
        มีใครมาที่โต๊ะของฉันได้ไหม
        แป้นพิมพ์พิมพ์ตัวอักษรผิด
        ติดตั้งโปรแกรมบัญชีอย่างไร
        บัตรพนักงานเปิดประตูข้างไม่ได้แล้ว
        เครื่องฉายแสดงภาพแค่ครึ่งเดียว
        อีเมลถามรหัสทุกนาที
        ฉันทำกาแฟหกใส่เมาส์
        โฟลเดอร์ของฝ่ายขายว่างเปล่า
        ช่วยขยายสิทธิ์ถึงวันศุกร์ได้ไหม
        เว็บไซต์ของเราขึ้นข้อผิดพลาดกับทุกคน
        แบตเตอรี่หมดภายในหนึ่งชั่วโมง
        ฉันต้องการจอที่สองในห้องทำงาน
        เครื่องสแกนส่งไฟล์ไปที่อยู่เก่า
        ไวไฟในโรงอาหารช้ามาก
        ปฏิทินแสดงเวลาประชุมผิดเขตเวลา
        มีคนส่งลิงก์น่าสงสัยมาให้
        ลิฟต์ด้านตะวันออกค้าง
        ฉันทำมือถือบริษัทหายบนรถไฟ
        เอกเซลปิดเองเมื่อเปิดไฟล์งบประมาณ
        หูฟังมีเสียงแตกตอนคุยสาย
        กรุณาตั้งรหัสฝากข้อความใหม่
        เพื่อนร่วมงานเริ่มวันจันทร์แต่ยังไม่มีคอมพิวเตอร์
        ไดรฟ์สำรองมีเสียงดังมาก
        มีคำเตือนว่าดิสก์เต็ม
        เบราว์เซอร์ไม่รู้จักกล้อง
        เบอร์ต่อสี่สิบไม่มีคนรับ
        เครื่องทำความร้อนในห้องเราเสีย
        คืนนี้ยังปิดปรับปรุงตามแผนไหม
        ไม่ค่ะ เมื่อวานปัญหากลับมาอีก
    """),
}
#: The number of texts in each language among a hundred, for a company that uses five scripts.
MIX = {"Latin": 80, "Chinese": 8, "Japanese": 4, "Korean": 4, "Thai": 4}
